package theme

import "github.com/charmbracelet/lipgloss"

// look returns the style of a role below grey0. Every colour is chosen by hand
// for true colour, for 256 and for 16 colours, on dark and on light: hex
// values degrade badly. The series begin with Okabe and Ito's hues, blue,
// green and purple moved apart in lightness until the first four differ for
// every kind of colour blindness; the heat ramps are viridis on dark and
// ColorBrewer's YlGnBu on light, so that 0 is the step nearest the background.
func look(s Style) lipgloss.Style {
	style := lipgloss.NewStyle()
	ink := func(dark, light lipgloss.CompleteColor) lipgloss.Style {
		return style.Foreground(either(dark, light))
	}
	switch s {
	case Plain:
		return style
	case Dim:
		return ink(colour("#8A8A8A", "245", "8"), colour("#6C6C6C", "242", "8"))
	case Strong:
		return style.Bold(true)
	case Title:
		return ink(colour("#87D7FF", "117", "14"), colour("#005F87", "24", "4")).Bold(true)
	case Border:
		return ink(colour("#626262", "241", "8"), colour("#A8A8A8", "248", "7"))
	case Focus, Key:
		return ink(colour("#87D7FF", "117", "14"), colour("#005FAF", "25", "4"))
	case Good:
		return ink(colour("#5FD787", "78", "10"), colour("#007A3D", "28", "2"))
	case Warn:
		return ink(colour("#FFD75F", "221", "11"), colour("#875F00", "94", "3"))
	case Bad:
		return ink(colour("#FF6B6B", "203", "9"), colour("#C00000", "160", "1"))
	case Chance:
		return ink(colour("#B2B2B2", "249", "7"), colour("#6C6C6C", "242", "8"))
	case Selected:
		return ink(colour("#FFFFFF", "231", "15"), colour("#000000", "16", "0")).
			Background(either(colour("#3A3A3A", "237", "4"), colour("#D0D0D0", "252", "6")))
	case Caret:
		return ink(colour("#000000", "16", "0"), colour("#FFFFFF", "231", "15")).
			Background(either(colour("#87D7FF", "117", "14"), colour("#005FAF", "25", "4")))
	}
	if s >= paper0 {
		return paper(int(s - paper0))
	}
	if s >= hue0 {
		return hue(int(s-hue0)%Hues, int(s-hue0)/Hues)
	}
	if s >= heat0 {
		return heat(int(s - heat0))
	}
	if s >= faint0 {
		return ink(faint(int(s - faint0)))
	}
	dark := [Colours]lipgloss.CompleteColor{
		colour("#E69F00", "214", "3"),  // orange
		colour("#3D96F5", "33", "14"),  // blue
		colour("#5FE8B4", "86", "10"),  // bluish green
		colour("#E05FA8", "169", "13"), // reddish purple
		colour("#F0E442", "227", "11"), // yellow
		colour("#F4693C", "202", "9"),  // vermilion
		colour("#B0A8FF", "147", "12"), // lavender
		colour("#C8C8C8", "250", "7"),  // grey
	}
	light := [Colours]lipgloss.CompleteColor{
		colour("#A86400", "130", "3"),
		colour("#0A6BD0", "27", "6"),
		colour("#006B4A", "29", "2"),
		colour("#8A2470", "90", "5"),
		colour("#6F6600", "58", "8"),
		colour("#C24400", "166", "1"),
		colour("#4444C4", "56", "4"),
		colour("#555555", "240", "0"),
	}
	return ink(dark[s-series0], light[s-series0])
}

// faint returns colour i of the series, about half way to the background, on
// dark and on light.
func faint(i int) (dark, light lipgloss.CompleteColor) {
	onDark := [Colours]lipgloss.CompleteColor{
		colour("#8A630C", "94", "3"),
		colour("#2D5E93", "25", "14"),
		colour("#408B6F", "29", "10"),
		colour("#874068", "96", "13"),
		colour("#908930", "100", "11"),
		colour("#92452D", "131", "9"),
		colour("#6C6898", "61", "12"),
		colour("#7A7A7A", "243", "7"),
	}
	onLight := [Colours]lipgloss.CompleteColor{
		colour("#CFAA73", "179", "3"),
		colour("#78AEE5", "74", "6"),
		colour("#73AE9B", "72", "2"),
		colour("#BF87B0", "139", "5"),
		colour("#B0AB73", "143", "8"),
		colour("#DD9873", "173", "1"),
		colour("#9898DF", "104", "4"),
		colour("#A2A2A2", "247", "0"),
	}
	return onDark[i], onLight[i]
}

// heat returns step i of the heat ramp.
func heat(i int) lipgloss.Style {
	dark := [Heats]lipgloss.CompleteColor{
		colour("#440154", "53", "0"), colour("#481A6B", "54", "0"), colour("#472F7C", "55", "0"), colour("#414487", "24", "4"),
		colour("#39578C", "25", "4"), colour("#31678D", "30", "4"), colour("#2A788E", "31", "4"), colour("#24888D", "35", "6"),
		colour("#1F988B", "36", "6"), colour("#24A884", "71", "6"), colour("#36B779", "41", "2"), colour("#53C568", "77", "2"),
		colour("#7AD251", "113", "2"), colour("#A6DB37", "149", "3"), colour("#D3E21E", "185", "3"), colour("#FDE725", "227", "11"),
	}
	light := [Heats]lipgloss.CompleteColor{
		colour("#FFFFD9", "230", "15"), colour("#F5FBC4", "229", "15"), colour("#EAF7B1", "194", "15"), colour("#D6EFB3", "193", "14"),
		colour("#BEE5B5", "151", "14"), colour("#98D6B9", "115", "14"), colour("#74C8BD", "80", "6"), colour("#54BCC2", "73", "6"),
		colour("#38ACC3", "38", "6"), colour("#2598C1", "32", "6"), colour("#1F80B8", "31", "6"), colour("#2265AB", "25", "4"),
		colour("#244EA0", "24", "4"), colour("#253795", "19", "4"), colour("#182977", "18", "0"), colour("#081D58", "17", "0"),
	}
	white, black := colour("#FFFFFF", "231", "15"), colour("#000000", "16", "0")
	onDark, onLight := white, black
	if i > 6 {
		onDark = black
	}
	if i > 10 {
		onLight = white
	}
	return lipgloss.NewStyle().Foreground(either(onDark, onLight)).Background(either(dark[i], light[i]))
}

// greys returns the grey ramp from black to white. A picture is the same on
// dark and on light.
func greys() [Greys]lipgloss.CompleteColor {
	return [Greys]lipgloss.CompleteColor{
		colour("#000000", "16", "0"), colour("#111111", "233", "0"), colour("#222222", "235", "0"), colour("#333333", "236", "0"),
		colour("#444444", "238", "8"), colour("#555555", "240", "8"), colour("#666666", "241", "8"), colour("#777777", "243", "8"),
		colour("#888888", "245", "7"), colour("#999999", "247", "7"), colour("#AAAAAA", "248", "7"), colour("#BBBBBB", "250", "7"),
		colour("#CCCCCC", "252", "7"), colour("#DDDDDD", "253", "15"), colour("#EEEEEE", "255", "15"), colour("#FFFFFF", "231", "15"),
	}
}

// paper returns step i of the grey ramp as a background.
func paper(i int) lipgloss.Style {
	ink := colour("#FFFFFF", "231", "15")
	if i > 6 {
		ink = colour("#000000", "16", "0")
	}
	return lipgloss.NewStyle().Foreground(ink).Background(greys()[i])
}

// hue returns a hue as a background. In true colour they are equally far apart
// in OKLCH, at lightness .44, .64 and .82; in 16 colours, the six and their
// bright forms take turns.
func hue(i, level int) lipgloss.Style {
	c := hues()[level][i]
	ink := colour("#FFFFFF", "231", "0")
	if level > 0 {
		ink = colour("#000000", "16", "0")
	}
	if c.ANSI == "1" || c.ANSI == "4" || c.ANSI == "5" {
		ink.ANSI = "15"
	}
	return lipgloss.NewStyle().Foreground(ink).Background(c)
}

func hues() [levels][Hues]lipgloss.CompleteColor {
	return [...][Hues]lipgloss.CompleteColor{
		{
			colour("#8F2639", "88", "1"), colour("#883601", "94", "9"), colour("#6F4A06", "58", "3"), colour("#5A5507", "64", "11"),
			colour("#316106", "22", "2"), colour("#076246", "29", "10"), colour("#005F5F", "30", "6"), colour("#0A5B74", "24", "14"),
			colour("#07519D", "25", "4"), colour("#4D429B", "55", "12"), colour("#6F3486", "90", "5"), colour("#842A64", "89", "13"),
		},
		{
			colour("#D7606E", "167", "1"), colour("#D46A34", "166", "9"), colour("#BB7E00", "172", "3"), colour("#999004", "100", "11"),
			colour("#629F39", "70", "2"), colour("#17A478", "36", "10"), colour("#19A0A0", "37", "6"), colour("#089AC3", "38", "14"),
			colour("#468DE5", "33", "4"), colour("#847CE2", "104", "12"), colour("#AE6DCA", "134", "5"), colour("#CA62A1", "169", "13"),
		},
		{
			colour("#FEA9AF", "217", "1"), colour("#FEAE8B", "216", "9"), colour("#F5B75B", "215", "3"), colour("#D1C95D", "185", "11"),
			colour("#9FD780", "150", "2"), colour("#65DFAF", "79", "10"), colour("#36DEDE", "44", "6"), colour("#60D4FE", "81", "14"),
			colour("#9DC7FE", "153", "4"), colour("#BDBCFD", "147", "12"), colour("#E4AAFE", "183", "5"), colour("#FEA3D7", "218", "13"),
		},
	}
}

func colour(full, of256, of16 string) lipgloss.CompleteColor {
	return lipgloss.CompleteColor{TrueColor: full, ANSI256: of256, ANSI: of16}
}

func either(dark, light lipgloss.CompleteColor) lipgloss.CompleteAdaptiveColor {
	return lipgloss.CompleteAdaptiveColor{Light: light, Dark: dark}
}
