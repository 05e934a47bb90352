package report

import (
	"fmt"
	"strings"

	"padlab/core/inspect"
	"padlab/tui/view"
)

// The sections of an inspection, which the terminal prints and the screen draws,
// are those of the geometry, Layers and Usage, and those of the findings:
// Artifacts, Filters and Pattern.

// Layers is a row for each layer that changes what is seen. What it is called
// comes last: of a narrow pane that is lost first.
func Layers(g *inspect.Geometry) Section {
	t := Table{{"layer", "out", "stride", "sees", "asymmetry", "sees padding", "kind"}}
	for _, l := range g.Layers {
		if !l.Plain {
			t.Add(l.Name, fmt.Sprintf("%d×%d×%d", l.H, l.W, l.C), l.Sampling(), l.Field(), l.Asymmetry(), view.Share(l.SeesPadding), l.Title())
		}
	}
	return Section{Table: t, Words: fmt.Sprintf("An output of the last map sees %s; %s.", field(g.ReceptiveField), g.Advice())}
}

// field is what an output sees.
func field(pixels int) string {
	if pixels == 0 {
		return "the whole picture"
	}
	return size(pixels, pixels) + " pixels"
}

// usageDepth is from how many rows next to a side Usage says how often they are
// used.
const usageDepth = 8

// Usage is a row for each side of the picture.
func Usage(g *inspect.Geometry) Section {
	t := Table{{"side", "border"}}
	for n := 1; n < usageDepth; n++ {
		t[0] = append(t[0], fmt.Sprint(n))
	}
	for _, side := range g.Usage(usageDepth) {
		row := []string{side.Name}
		for _, v := range side.Counts {
			row = append(row, fmt.Sprintf("%.3g", v))
		}
		t.Add(row...)
	}
	return Section{Table: t, Words: "How often a row or column of the picture is used, from the border inward, where 1 is the middle."}
}

// Artifacts are two rows for each tap: of photographs, and of a black picture.
func Artifacts(f *inspect.Findings) Section {
	t := Table{append([]string{"tap", "map", "picture"}, inspect.Sides[:]...)}
	for _, a := range f.Artifacts {
		for i, contrast := range [2][4]float64{a.PhotosContrast, a.BlackContrast} {
			row := []string{a.Tap, size(a.H, a.W), "photographs"}
			if i == 1 {
				row = []string{"", "", "black"}
			}
			for _, v := range contrast {
				row = append(row, view.Excess(v))
			}
			t.Add(row...)
		}
	}
	return Section{Table: t, Words: fmt.Sprintf(
		"Artifact maps: features averaged over channels and %d windows on photographs, or of a black picture. What depends on the picture fades; what stays along a side is the padding's: by how much each side stands out from the middle.", f.Pictures)}
}

func size(h, w int) string { return fmt.Sprintf("%d×%d", h, w) }

// Filters is a row for each convolution that looks beyond a pixel.
func Filters(f *inspect.Findings) Section {
	t := Table{append([]string{"layer", "filters", "aware", "share"}, inspect.Sides[:]...)}
	for _, n := range f.Neurons {
		if n.TooSmall {
			t.Add(n.Name, fmt.Sprint(n.Count), view.Unknown, "map too small")
			continue
		}
		row := []string{n.Name, fmt.Sprint(n.Count), fmt.Sprint(n.Any), view.Share(float64(n.Any) / float64(n.Count))}
		for _, at := range n.At {
			row = append(row, fmt.Sprint(at))
		}
		t.Add(row...)
	}
	words := "Padding-aware filters: no convolution of 3×3 or larger makes a map with a middle."
	if aware, filters := inspect.CountAware(f.Neurons); filters > 0 {
		words = fmt.Sprintf("Padding-aware filters: %d of %d (%s) say at some side what they hardly ever say in the middle, or the other way round (Kolmogorov-Smirnov D > %g).",
			aware, filters, view.Share(float64(aware)/float64(filters)), inspect.Aware)
	}
	return Section{Table: t, Words: words}
}

// Pattern is a row for each tap that was compared with what it would be if the
// picture went on in place of the padding.
func Pattern(f *inspect.Findings) Section {
	p := f.Pattern
	if p.Problem != "" {
		return Section{Words: "Pattern of the padding (PPP): not compared: " + Visible(p.Problem) + "."}
	}
	where := "without padding"
	if p.Away {
		where = "too far from its padding to see it"
	}
	words := fmt.Sprintf("Pattern of the padding (PPP): features of %d×%d pixels less those of the same pixels in the middle of %d×%d, %s; %s. What stays when those are averaged is the padding's: its signal to noise, and its mean.",
		p.Crop, p.Crop, p.Around, p.Around, where, Count(p.Photos, "photograph"))
	if len(p.LeftOut) > 0 {
		words += " Left out, as their surroundings or the work would be too large: " + strings.Join(p.LeftOut, ", ") + "."
	}
	t := Table{{"tap", "map", "SNR", "by chance", "MAE", "reaches"}}
	for _, tap := range p.Taps {
		t.Add(tap.Tap, size(tap.H, tap.W), view.Figure(tap.SNR), view.Figure(tap.Chance), view.Figure(tap.MAE), view.Share(tap.Reached))
	}
	return Section{Table: t, Words: words}
}

// Geometry is for the terminal what is known of a network that nothing was shown
// to.
func Geometry(g *inspect.Geometry) string {
	return fmt.Sprintf("%s with padding %s (%s) on %d×%d×%d: %d parameters,\ntotal stride %d; taps: %s\n\n%s\n%s",
		g.Arch, g.Padding, g.Extent, g.H, g.W, g.C, g.Params, g.Stride, strings.Join(g.Taps, ", "), Layers(g), Usage(g))
}

// Findings is for the terminal what photographs showed, with the artifact maps
// in characters.
func Findings(f *inspect.Findings) string {
	var b strings.Builder
	fmt.Fprintln(&b, Artifacts(f))
	for _, a := range f.Artifacts {
		fmt.Fprintln(&b, sideBySide(
			characterMap(a.Tap+", photographs", a.Photos, a.H, a.W),
			characterMap("black", a.Black, a.H, a.W)))
	}
	fmt.Fprintf(&b, "%s\n%s", Filters(f), Pattern(f))
	return b.String()
}
