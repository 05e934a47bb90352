package report

import (
	"padlab/core/inspect"
	"padlab/core/metric"
)

// An Inspection is what is printed as JSON.
type Inspection struct {
	Schema         int               `json:"schema"`
	Arch           string            `json:"arch"`
	Padding        string            `json:"padding"`
	Extent         string            `json:"extent"`
	Size           [3]int            `json:"size"`
	Params         int               `json:"params"`
	Stride         int               `json:"stride"`
	ReceptiveField int               `json:"receptive_field"`
	EvenSizes      []int             `json:"even_sizes"`
	Taps           []string          `json:"taps"`
	Layers         []inspectedLayer  `json:"layers"`
	Foveation      map[string]counts `json:"foveation"`
	Measured       *Measurement      `json:"measured"` // null without photographs
}

type inspectedLayer struct {
	Name           string        `json:"name"`
	Kind           string        `json:"kind"`
	Kernel         *int          `json:"kernel"` // null: all pixels, and likewise below
	Stride         int           `json:"stride"`
	Out            [3]int        `json:"out"`
	TotalStride    *int          `json:"total_stride"`
	ReceptiveField *int          `json:"receptive_field"`
	Asymmetry      [2]int        `json:"uneven"` // of rows and columns; these two by the names of schema 1
	SeesPadding    metric.Number `json:"over_the_edge"`
}

// counts are the times that each row or column is used.
type counts []metric.Number

// InspectionOf is one of a network that nothing was shown to.
func InspectionOf(g *inspect.Geometry) Inspection {
	i := Inspection{
		Schema: 1, Arch: g.Arch, Padding: g.Padding, Extent: g.Extent, Size: [3]int{g.H, g.W, g.C}, Params: g.Params, Stride: g.Stride,
		ReceptiveField: g.ReceptiveField, EvenSizes: append([]int{}, g.Even...), Taps: g.Taps,
		Foveation: map[string]counts{"rows": numbersOf(g.Rows), "columns": numbersOf(g.Columns)},
	}
	some := func(n int) *int {
		if n == 0 {
			return nil
		}
		return &n
	}
	for _, l := range g.Layers {
		i.Layers = append(i.Layers, inspectedLayer{
			l.Name, l.Kind, some(l.Kernel), l.Stride, [3]int{l.H, l.W, l.C}, some(l.Jump), some(l.ReceptiveField),
			[2]int{l.AsymmetricRows, l.AsymmetricColumns}, metric.Number(l.SeesPadding),
		})
	}
	return i
}

func numbersOf[T float32 | float64](values []T) counts {
	list := make(counts, len(values))
	for i, v := range values {
		list[i] = metric.Number(v)
	}
	return list
}

// A Measurement is what photographs showed, as JSON.
type Measurement struct {
	Pretrained  bool               `json:"trained"` // weights from a file; else drawn with seed 1
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
	Away        bool           `json:"away"` // the larger picture is padded, too far away to be seen
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

// MeasurementOf is one of what was found.
func MeasurementOf(f *inspect.Findings) *Measurement {
	m := &Measurement{Windows: f.Pictures, Sides: inspect.Sides, Artifacts: []inspectedMap{}, Neurons: []inspectedFilters{}}
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
	m.Pattern = inspectedPattern{nil, p.Photos, p.Crop, p.Around, p.Margin, p.Away, []inspectedTap{}, append([]string{}, p.LeftOut...)}
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
