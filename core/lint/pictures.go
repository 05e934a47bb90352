package lint

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/inspect"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/probe"
)

// swapped are the schemes that the padding of a network is swapped for, its weights
// unchanged, to see what is left.
var swapped = []string{"reflect", "circular"}

// pictures answers what photographs have to be shown for: of the network as it is, with
// its padding swapped in all layers, and in the one that has most aware filters.
func (l *linter) pictures() error {
	l.Doing("showing it photographs")
	net, err := l.build(l.Spec, nil)
	if err != nil {
		return err
	}
	if err := (inspect.Subject{Spec: l.Spec, Net: net, Kernel: l.Kernel, Photos: l.Photos}).Check(); err != nil {
		return err
	}
	own, err := l.measure(l.Spec, net)
	if err != nil {
		return err
	}
	l.artifacts(own)
	l.aware(own)
	l.pattern(own)
	if err := l.position(l.Spec, net, ""); err != nil {
		return err
	}
	for _, scheme := range swapped {
		s := everywhere(l.Spec, scheme)
		if scheme == l.Spec.Padding.Name && !l.open {
			continue
		}
		if err := l.swap(s, net, inAll(scheme), true); err != nil {
			return err
		}
	}
	if layer := worst(own); layer != "" && l.Spec.Padding.Name != "reflect" {
		s := l.Spec
		s.Layers = map[string]pad.Scheme{layer: pad.Must("reflect")}
		return l.swap(s, net, "reflect in "+layer, false)
	}
	return nil
}

// build makes a network of s, with the weights of another; nil: those of its own.
func (l *linter) build(s arch.Spec, from *nn.Net) (*nn.Net, error) {
	net, err := arch.Build(s, l.Kernel)
	if err != nil {
		return nil, err
	}
	if from != nil {
		return net, net.CopyWeights(from)
	}
	return net, l.Weigh(net)
}

// swap measures a network that pads otherwise; what cannot be padded so is left out.
func (l *linter) swap(s arch.Spec, from *nn.Net, change string, reads bool) error {
	l.Doing("showing them to it with " + change)
	net, err := l.build(s, from)
	if err != nil {
		return nil
	}
	found, err := l.measure(s, net)
	if err != nil {
		return err
	}
	if found != nil {
		for id, value := range map[string]float64{Artifacts: contrast(found), Aware: share(found), Pattern: signal(found)} {
			l.findings[id].tried(change, value)
		}
	}
	if reads {
		return l.position(s, net, change)
	}
	return nil
}

// measure shows the photographs to a network; nil where no rule asks for it.
func (l *linter) measure(s arch.Spec, net *nn.Net) (*inspect.Findings, error) {
	if l.findings[Artifacts] == nil && l.findings[Aware] == nil && l.findings[Pattern] == nil {
		return nil, l.ctx.Err()
	}
	found, err := inspect.Subject{Spec: s, Net: net, Kernel: l.Kernel, Photos: l.Photos}.Measure(l.ctx, l.Crew)
	if err != nil && l.ctx.Err() == nil {
		err = failure{err}
	}
	return found, err
}

// contrast is the largest of all sides and taps.
func contrast(found *inspect.Findings) (most float64) {
	for _, a := range found.Artifacts {
		for _, v := range a.PhotosContrast {
			if v == v {
				most = max(most, math.Abs(v))
			}
		}
	}
	return most
}

func (l *linter) artifacts(found *inspect.Findings) {
	f := l.findings[Artifacts]
	if f == nil {
		return
	}
	f.Value = contrast(found)
	at := ""
	for _, a := range found.Artifacts {
		says := ""
		for i, v := range a.PhotosContrast {
			if v != v {
				says = "a map without a middle"
				break
			}
			if math.Abs(v) == f.Value && at == "" {
				at = fmt.Sprintf("at the %s of %s", inspect.Sides[i], a.Tap)
			}
			if i > 0 {
				says += ", "
			}
			says += fmt.Sprintf("%s %s %%", inspect.Sides[i], hundredths(v, "%+.0f"))
		}
		f.Places = append(f.Places, Place{Name: a.Tap, Kind: "tap", Says: says})
	}
	f.Verdict = fmt.Sprintf("Averaged over channels and %d windows on photographs, features stand out by %s %% of the middle %s.", found.Pictures, hundredths(f.Value, "%.0f"), at)
	if f.Value == 0 {
		f.Verdict = fmt.Sprintf("Averaged over channels and %d windows on photographs, no side of the features stands out.", found.Pictures)
	}
}

// hundredths is a share in per cent, which may be infinite.
func hundredths(v float64, format string) string {
	return strings.Replace(fmt.Sprintf(format, 100*v), "Inf", "∞", 1)
}

func share(found *inspect.Findings) float64 {
	aware, compared := inspect.CountAware(found.Neurons)
	if compared == 0 {
		return math.NaN()
	}
	return float64(aware) / float64(compared)
}

func (l *linter) aware(found *inspect.Findings) {
	f := l.findings[Aware]
	if f == nil {
		return
	}
	f.Value = share(found)
	aware, compared := inspect.CountAware(found.Neurons)
	if compared == 0 {
		f.Verdict = "Not known: no convolution of 3×3 or larger makes a map with a middle."
		return
	}
	f.Verdict = fmt.Sprintf("Of %d filters of 3×3 or larger, %d (%s) say at some side what they hardly ever say in the middle, or the other way round.", compared, aware, percent(f.Value))
	for _, n := range found.Neurons {
		if n.Any > 0 {
			at := n.At
			f.Places = append(f.Places, Place{Name: n.Name, Kind: "conv", Says: fmt.Sprintf("%d of %d filters: %s", n.Any, n.Count, sides(n.At)), Sides: &at})
		}
	}
}

// worst is the convolution with the most aware filters; empty: none has any.
func worst(found *inspect.Findings) (layer string) {
	most := 0
	if found == nil {
		return ""
	}
	for _, n := range found.Neurons {
		if n.Any > most {
			layer, most = n.Name, n.Any
		}
	}
	return layer
}

// signal is by how much the largest signal to noise exceeds what chance leaves of it; NaN
// where nothing was compared.
func signal(found *inspect.Findings) float64 {
	if found.Pattern.Problem != "" {
		return math.NaN()
	}
	most := math.NaN()
	for _, t := range found.Pattern.Taps {
		if v := max(0, t.SNR-t.Chance); !(v <= most) && v == v {
			most = v
		}
	}
	return most
}

func (l *linter) pattern(found *inspect.Findings) {
	f := l.findings[Pattern]
	if f == nil {
		return
	}
	f.Value = signal(found)
	p := found.Pattern
	if p.Problem != "" {
		f.Verdict = "Not known: " + p.Problem + "."
		return
	}
	for _, t := range p.Taps {
		f.Places = append(f.Places, Place{Name: t.Tap, Kind: "tap", Says: fmt.Sprintf("signal to noise %.3f (by chance %.3f), reaches %s of the map", t.SNR, t.Chance, percent(t.Reached))})
	}
	if f.Verdict = fmt.Sprintf("Against features of the same pixels in the middle of a larger picture, over %d photographs, padding leaves a pattern of a signal to noise that exceeds chance by %.3f.", p.Photos, f.Value); f.Value == 0 {
		f.Verdict = fmt.Sprintf("Against features of the same pixels in the middle of a larger picture, over %d photographs, padding leaves no more of a pattern than chance does.", p.Photos)
	}
}

// Crops of photographs that a read-out is fitted on, and of others that it is tested on.
const (
	trainCrops = 80
	testCrops  = 40
	batch      = 8
)

// position reads left to right and top to bottom out of the last tap, by ridge
// regression. A change is one that the network has been given; empty: it is as it is.
func (l *linter) position(s arch.Spec, net *nn.Net, change string) error {
	f := l.findings[Position]
	if f == nil {
		return l.ctx.Err()
	}
	if change == "" {
		l.Doing("reading position out of it")
	} else {
		l.Doing("reading position out of it with " + change)
	}
	scores, err := l.read(s, net)
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	if err != nil {
		if change == "" {
			f.Value, f.Verdict = math.NaN(), fmt.Sprintf("Not known: %v.", err)
		}
		return nil
	}
	value, says := math.Inf(-1), ""
	for i, score := range scores {
		if i > 0 {
			says += ", "
		}
		says += fmt.Sprintf("%s %.2f [%.2f, %.2f]", score.Target, float64(score.Value), float64(score.Low), float64(score.High))
		value = max(value, float64(score.Value))
	}
	if change != "" {
		f.Places = append(f.Places, Place{Name: change, Kind: "padding", Says: says})
		f.tried(change, value)
		return nil
	}
	f.Value = value
	f.Verdict = fmt.Sprintf("Out of %s, left to right (H) and top to bottom (V) are read with rank correlations of %s (95 %% over %s).", last(s), says, metric.Photographs)
	return nil
}

func last(s arch.Spec) string { return s.Arch.Taps[len(s.Arch.Taps)-1] }

// read fits and tests the read-out, and returns its rank correlations on photographs.
func (l *linter) read(s arch.Spec, net *nn.Net) (scores []metric.Score, err error) {
	album := probe.AlbumSpec{Side: s.In.H, Channels: s.In.C, Train: trainCrops, Test: testCrops, Seed: 1}
	if s.Arch.Input.Normalized && s.In.C == 3 {
		album.Mean, album.Deviation = arch.ImageNetMean[:], arch.ImageNetStd[:]
	}
	pictures, err := probe.NewAlbum(upsideDown(l.Photos), album)
	if err != nil {
		return nil, err
	}
	features, err := probe.NewFeatures(net, []string{last(s)}, pictures, l.Crew.Workers(), 1)
	if err != nil {
		return nil, err
	}
	defer features.Release()
	spec := probe.Spec{
		HeadSpec: probe.HeadSpec{Targets: []position.Target{position.H, position.V}, Kernel: 3, Depth: 1},
		Taps:     features.Taps(), Standardise: true, Ridge: true, Batch: batch, EvalEvery: math.MaxInt32, Seed: 1,
	}
	readout, err := probe.NewReadout(features, spec, l.Kernel, l.Crew.Workers(), nil)
	if err != nil {
		return nil, err
	}
	for !readout.Done() {
		if l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		readout.Advance(l.Crew)
	}
	if readout.Diverged {
		return nil, fmt.Errorf("features at %s are not finite", last(s))
	}
	for _, score := range readout.Scores {
		if score.Metric == metric.SPC && score.Images == position.Natural {
			scores = append(scores, score)
		}
	}
	return scores, nil
}

// upsideDown turns every second photograph upside down. As crops are mirrored or not by
// lot, nothing that photographs show tells left from right or top from bottom.
func upsideDown(photos []images.Photo) []images.Photo {
	list := slices.Clone(photos)
	for i := 1; i < len(list); i += 2 {
		p := &list[i]
		pixels, row := make([]byte, len(p.Pixels)), len(p.Pixels)/p.H
		for y := range p.H {
			copy(pixels[y*row:(y+1)*row], p.Pixels[(p.H-1-y)*row:])
		}
		p.Pixels = pixels
	}
	return list
}
