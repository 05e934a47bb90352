package theme

import (
	"math"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// The matrices are those of severity 1.0 in Machado, Oliveira and Fernandes, "A
// Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
// Transactions on Visualization and Computer Graphics 15 (6), 2009, table at
// https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html.
// They are for linear RGB.
func deficiencies() map[string][3][3]float64 {
	return map[string][3][3]float64{
		"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
}

// distance returns the CIEDE2000 difference of two colours, 100 from black to
// white, as somebody with a deficiency sees them.
func distance(a, b lipgloss.Color, m [3][3]float64) float64 {
	x, y := termenv.ConvertToRGB(termenv.TrueColor.Color(string(a))), termenv.ConvertToRGB(termenv.TrueColor.Color(string(b)))
	see := func(r, g, b float64) (float64, float64, float64) {
		var out [3]float64
		for i, row := range m {
			v := min(max(row[0]*r+row[1]*g+row[2]*b, 0), 1)
			if v <= 0.0031308 {
				out[i] = 12.92 * v
			} else {
				out[i] = 1.055*math.Pow(v, 1/2.4) - 0.055
			}
		}
		return out[0], out[1], out[2]
	}
	x.R, x.G, x.B = see(x.LinearRgb())
	y.R, y.G, y.B = see(y.LinearRgb())
	return 100 * x.DistanceCIEDE2000(y)
}

// The first four arms are told apart by colour, whoever looks. A difference of
// 12 is plain to see on a thin line; about 2 is the least that is noticed on
// large fields side by side.
func TestColourBlind(t *testing.T) {
	const enough = 12
	for name, m := range deficiencies() {
		for _, dark := range []bool{true, false} {
			for i := range 4 {
				for j := range i {
					a, a256 := shades(look(Series(i)).GetForeground(), dark)
					b, b256 := shades(look(Series(j)).GetForeground(), dark)
					if d, d256 := distance(a, b, m), distance(a256, b256, m); min(d, d256) < enough {
						t.Errorf("%s, dark %v: series %d and %d are %.1f and in 256 colours %.1f apart", name, dark, j, i, d, d256)
					}
				}
			}
		}
	}
}

// With sight of all colours, any two of the eight are told apart.
func TestSeriesDiffer(t *testing.T) {
	const enough = 9
	for _, dark := range []bool{true, false} {
		for i := range Colours {
			for j := range i {
				a, a256 := shades(look(Series(i)).GetForeground(), dark)
				b, b256 := shades(look(Series(j)).GetForeground(), dark)
				normal := deficiencies()["normal"]
				if d, d256 := distance(a, b, normal), distance(a256, b256, normal); min(d, d256) < enough {
					t.Errorf("dark %v: series %d and %d are %.1f and in 256 colours %.1f apart", dark, j, i, d, d256)
				}
			}
		}
	}
}
