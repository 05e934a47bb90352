package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/inspect"
	"padlab/core/metric"
	"padlab/tui/view"
)

// findingsText is what photographs showed, within 80 columns.
func findingsText(f *inspect.Findings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "artifact maps: features averaged over channels and %d windows on photographs, or\nof a black picture; how far each side stands out from the middle:\n", f.Pictures)
	t := table{{"tap", "map", "picture", "top", "bottom", "left", "right"}}
	for _, a := range f.Artifacts {
		for i, contrast := range [2][4]float64{a.PhotosContrast, a.BlackContrast} {
			row := []string{a.Tap, size(a.H, a.W), "photographs"}
			if i == 1 {
				row = []string{"", "", "black"}
			}
			for _, v := range contrast {
				row = append(row, view.Excess(v))
			}
			t.add(row...)
		}
	}
	b.WriteString(t.String())
	for _, a := range f.Artifacts {
		b.WriteString("\n" + sideBySide(
			characterMap(a.Tap+", photographs", a.Photos, a.H, a.W),
			characterMap("black", a.Black, a.H, a.W)))
	}
	fmt.Fprintf(&b, "\n%s\n%s\n%s", neuronText(f.Neurons), neuronTable(f.Neurons), patternText(f.Pattern))
	return b.String()
}

func size(h, w int) string { return fmt.Sprintf("%d×%d", h, w) }

// mapCells bounds the rows and columns of a map of characters.
const mapCells = 16

// shades are those of a map of characters, from its lowest value to its
// highest.
const shades = " .:-=+*#%@"

// characterMap draws a map in lines of one width, below a heading and above
// the values that the first and the last shade stand for. Each cell is two
// characters; of a map with more than mapCells rows or columns the outermost
// keep cells of their own, and those between them are averaged.
func characterMap(title string, values []float32, h, w int) []string {
	rows, cols := groups(h), groups(w)
	var cells []float64
	for _, r := range rows {
		for _, c := range cols {
			sum := 0.0
			for y := r[0]; y < r[1]; y++ {
				for x := c[0]; x < c[1]; x++ {
					sum += float64(values[y*w+x])
				}
			}
			cells = append(cells, sum/float64((r[1]-r[0])*(c[1]-c[0])))
		}
	}
	low, high := slices.Min(cells), slices.Max(cells)
	if high-low <= 1e-6*max(math.Abs(low), math.Abs(high)) { // but for rounding
		high = low
	}
	lines := []string{title, "+" + strings.Repeat("-", 2*len(cols)) + "+"}
	for i := range rows {
		var b strings.Builder
		for _, v := range cells[i*len(cols) : (i+1)*len(cols)] {
			shade := 0
			if high > low {
				shade = int((v-low)/(high-low)*float64(len(shades)-1) + 0.5)
			}
			b.WriteString(strings.Repeat(shades[shade:shade+1], 2))
		}
		lines = append(lines, "|"+b.String()+"|")
	}
	scale := fmt.Sprintf("' ' %.3g, '@' %.3g", low, high)
	if high == low {
		scale = fmt.Sprintf("%.3g all over", low)
	}
	return append(lines, lines[1], scale)
}

// groups are which of n rows each cell of a map of characters stands for.
func groups(n int) (list [][2]int) {
	if n <= mapCells {
		for i := range n {
			list = append(list, [2]int{i, i + 1})
		}
		return list
	}
	list = append(list, [2]int{0, 1})
	inner := mapCells - 2
	for i := range inner {
		list = append(list, [2]int{1 + i*(n-2)/inner, 1 + (i+1)*(n-2)/inner})
	}
	return append(list, [2]int{n - 1, n})
}

// sideBySide puts two blocks of as many lines next to each other.
func sideBySide(a, b []string) string {
	var t table
	for i := range a {
		t.add(a[i], b[i])
	}
	return t.String()
}

// neuronText says how many filters are aware of padding.
func neuronText(list []inspect.Filters) string {
	aware, filters := inspect.CountAware(list)
	if filters == 0 {
		return "padding-aware filters: no convolution of 3×3 or larger makes a map with a middle"
	}
	return fmt.Sprintf("padding-aware filters: %d of %d (%s) say at some side what they hardly\never say in the middle, or the other way round (Kolmogorov-Smirnov D > %g):",
		aware, filters, view.Share(float64(aware)/float64(filters)), inspect.Aware)
}

func neuronTable(list []inspect.Filters) table {
	t := table{{"layer", "filters", "aware", "share", "top", "bottom", "left", "right"}}
	for _, f := range list {
		if f.TooSmall {
			t.add(f.Name, fmt.Sprint(f.Count), "–", "map too small")
			continue
		}
		row := []string{f.Name, fmt.Sprint(f.Count), fmt.Sprint(f.Any), view.Share(float64(f.Any) / float64(f.Count))}
		for _, n := range f.At {
			row = append(row, fmt.Sprint(n))
		}
		t.add(row...)
	}
	return t
}

// patternText is the pattern of every tap.
func patternText(p inspect.Pattern) string {
	if p.Problem != "" {
		return "pattern of the padding (PPP): not compared: " + visible(p.Problem) + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "pattern of the padding (PPP): features of %d×%d pixels less those of the\nsame pixels in the middle of %d×%d, without padding; %s:\n", p.Crop, p.Crop, p.Around, p.Around, count(p.Photos, "photograph"))
	t := table{{"tap", "map", "SNR", "by chance", "MAE", "reaches"}}
	for _, tap := range p.Taps {
		t.add(tap.Tap, size(tap.H, tap.W), view.Figure(tap.SNR), view.Figure(tap.Chance), view.Figure(tap.MAE), view.Share(tap.Reached))
	}
	b.WriteString(t.String())
	if len(p.LeftOut) > 0 {
		fmt.Fprintf(&b, "left out, as their surroundings or the work would be too large: %s\n", strings.Join(p.LeftOut, ", "))
	}
	return b.String()
}

// A measurement is what photographs showed, as JSON.
type measurement struct {
	Trained     bool               `json:"trained"` // weights from a file; else drawn with seed 1
	Weights     string             `json:"weights_sha256"`
	Photographs int                `json:"photographs"`
	Windows     int                `json:"windows"` // that artifacts and neurons are from
	Sides       [4]string          `json:"sides"`   // the order of all lists of four
	Artifacts   []inspectedMap     `json:"artifacts"`
	Neurons     []inspectedFilters `json:"neurons"`
	Pattern     inspectedPattern   `json:"pattern"`
}

type inspectedMap struct {
	Tap            string           `json:"tap"`
	Rows           int              `json:"rows"`
	Cols           int              `json:"cols"`
	Photos         []float32        `json:"photographs"`
	PhotosContrast [4]metric.Number `json:"photographs_contrast"`
	Black          []float32        `json:"black"`
	BlackContrast  [4]metric.Number `json:"black_contrast"`
}

type inspectedFilters struct {
	Layer    string            `json:"layer"`
	Kernel   int               `json:"kernel"`
	Filters  int               `json:"filters"`
	Compared bool              `json:"compared"` // false: the map is too small
	Aware    int               `json:"aware"`
	At       [4]int            `json:"aware_at"`
	List     []inspectedNeuron `json:"neurons"`
}

type inspectedNeuron struct {
	Filter   int              `json:"filter"`
	Distance [4]metric.Number `json:"distance"`
}

type inspectedPattern struct {
	Problem     *string        `json:"problem"` // null, or why nothing was compared
	Photographs int            `json:"photographs"`
	Crop        int            `json:"crop"`
	Around      int            `json:"around"`
	Margin      int            `json:"margin"`
	Taps        []inspectedTap `json:"taps"`
	LeftOut     []string       `json:"left_out"`
}

type inspectedTap struct {
	Tap     string        `json:"tap"`
	Out     [3]int        `json:"out"`
	SNR     metric.Number `json:"snr"`
	Chance  metric.Number `json:"chance"`
	MAE     metric.Number `json:"mae"`
	Reached metric.Number `json:"reached"`
}

func measurementOf(f *inspect.Findings) *measurement {
	m := &measurement{Windows: f.Pictures, Sides: inspect.Sides, Artifacts: []inspectedMap{}, Neurons: []inspectedFilters{}}
	for _, a := range f.Artifacts {
		m.Artifacts = append(m.Artifacts, inspectedMap{a.Tap, a.H, a.W, a.Photos, four(a.PhotosContrast), a.Black, four(a.BlackContrast)})
	}
	for _, n := range f.Neurons {
		list := []inspectedNeuron{}
		for _, one := range n.Neurons {
			list = append(list, inspectedNeuron{one.Filter, four(one.Distance)})
		}
		m.Neurons = append(m.Neurons, inspectedFilters{n.Name, n.Kernel, n.Count, !n.TooSmall, n.Any, n.At, list})
	}
	p := f.Pattern
	m.Pattern = inspectedPattern{nil, p.Photos, p.Crop, p.Around, p.Margin, []inspectedTap{}, append([]string{}, p.LeftOut...)}
	if p.Problem != "" {
		m.Pattern.Problem = &p.Problem
	}
	for _, t := range p.Taps {
		m.Pattern.Taps = append(m.Pattern.Taps, inspectedTap{t.Tap, [3]int{t.H, t.W, t.C}, metric.Number(t.SNR), metric.Number(t.Chance), metric.Number(t.MAE), metric.Number(t.Reached)})
	}
	return m
}

func four(v [4]float64) (list [4]metric.Number) {
	for i := range v {
		list[i] = metric.Number(v[i])
	}
	return list
}
