package lab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch"
	"padlab/core/experiment"
	"padlab/core/images"
	"padlab/core/lab/stage"
	"padlab/core/names"
	"padlab/core/nn"
	"padlab/core/pad"
	"padlab/core/probe"
	"padlab/core/record"
	"padlab/core/task"
)

// A prepared experiment is one whose networks have been built.
type prepared struct {
	experiment *experiment.Experiment // resolved
	inputs     []record.Input
	arms       []string         // by name
	labels     []string         // their names in words
	replicas   []*replica       // of all arms with the first seed, then of all with the next
	averages   []*average       // of each arm over its replicas
	stages     []stage.Stage    // of all arms, each once
	warnings   []string         // what in the geometry would leak position without any padding, and how weights were read
	memory     *stage.Allowance // that all stages take at most
}

// warn adds a warning, once.
func (p *prepared) warn(text string) {
	if !slices.Contains(p.warnings, text) {
		p.warnings = append(p.warnings, text)
	}
}

// prepare decides what an experiment means and builds it: it opens what the
// experiment names, lets weights from a file say what they are of, and makes the
// stages of all arms. It is the only place where that is decided, whether the
// experiment came from a file, from flags or from a screen. What another run has
// built for fewer seeds is not built again. The context ends the building only.
func prepare(ctx context.Context, p *Pool, e *experiment.Experiment, after *Run) (_ *prepared, err error) {
	out := &prepared{experiment: e.Clone(), memory: &stage.Allowance{Limit: p.memory, Common: p.common}}
	defer func() {
		if err != nil {
			out.memory.Release()
		}
	}()
	select {
	case p.builds <- struct{}{}:
		defer func() { <-p.builds }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	e = out.experiment
	first := 0
	if after != nil {
		fewer := e.Clone()
		first = after.experiment.Seeds
		fewer.Seeds = first
		if changes := fewer.Differences(after.experiment); len(changes) > 0 || first >= e.Seeds {
			return nil, fmt.Errorf("a run goes on with more seeds only, not with %s", strings.Join(append(changes, fmt.Sprintf("seeds=%d", e.Seeds)), ", "))
		}
		out.replicas, out.stages = slices.Clone(after.replicas), slices.Clone(after.stages)
	}
	b := &builder{means: stage.Means{Kernel: p.kernel, Workers: p.workers, Memory: out.memory, Trainers: map[string]*nn.Trainer{}}, networks: map[string]*Network{}, backbones: map[string]*stage.Train{}, frozen: map[string]*stage.Frozen{}, pool: p, crew: p.Turn(ctx), out: out}
	b.means.Network = b.network
	set, err := p.set(e.Data.Set)
	if err != nil {
		return nil, err
	}
	b.source = task.NewSource(set)
	out.inputs = []record.Input{{Kind: "set", Name: e.Data.Set, SHA256: set.SHA256()}}
	if e.Reads() {
		if b.photos, err = p.Photos(e.Data.Photos); err != nil {
			return nil, err
		}
		out.inputs = append(out.inputs, record.Input{Kind: "photographs", Name: e.Data.Photos, SHA256: images.PhotosSHA256(b.photos)})
	}
	if e.Net.Weights != "" {
		if b.weights, err = p.weights(e.Net.Weights); err != nil {
			return nil, fmt.Errorf("net.weights: %w", err)
		}
		defer b.weights.Close()
		out.inputs = append(out.inputs, record.Input{Kind: "weights", Name: e.Net.Weights, SHA256: b.weights.SHA256})
	}
	if err := b.resolve(e); err != nil {
		return nil, err
	}
	arms, err := e.Expand()
	if err != nil {
		return nil, err
	}
	for _, spec := range arms {
		out.arms, out.labels, out.averages = append(out.arms, spec.Name), append(out.labels, spec.Label), append(out.averages, &average{step: -1})
	}
	for i := first; i < e.Seeds; i++ {
		for _, spec := range arms {
			own := experiment.Arm{Name: spec.Name, Experiment: spec.Clone()}
			own.Seed, own.Seeds = e.Seed+uint64(i), 1
			a, err := b.replica(own)
			switch {
			case err != nil && i > 0: // of the first seed it fitted
				return nil, fmt.Errorf("arm %s, seed %d: %w, or seeds to %d", spec.Name, own.Seed, err, i)
			case err != nil:
				return nil, fmt.Errorf("arm %s: %w", spec.Name, err)
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			out.replicas = append(out.replicas, a)
		}
	}
	features := 0
	for _, f := range b.frozen {
		features += f.Bytes()
	}
	if err := b.means.Memory.Charge("what frozen networks make of photographs", int64(min(features, MaxFeatures)), "readout.crops"); err != nil {
		return nil, err
	}
	out.warnings = slices.Clip(out.warnings)
	return out, nil
}

// Resolve sets in e what its weights, or a network from a file, bring along, as running
// it would: see resolve.
func (p *Pool) Resolve(e *experiment.Experiment) error {
	b := &builder{networks: map[string]*Network{}, pool: p, out: &prepared{}}
	if e.Net.Weights != "" {
		w, err := p.weights(e.Net.Weights)
		if err != nil {
			return fmt.Errorf("net.weights: %w", err)
		}
		defer w.Close()
		b.weights = w
	}
	return b.resolve(e)
}

// network is the one of a name, or of a file, which is opened once.
func (b *builder) network(name string) (arch.Architecture, error) {
	if !experiment.IsGraph(name) {
		return arch.Named(name)
	}
	if b.networks[name] == nil {
		n, err := b.pool.network(name)
		if err != nil {
			return arch.Architecture{}, err
		}
		if b.means.Memory != nil {
			if err := b.means.Memory.Charge("the file "+name, n.Bytes, "net.arch to a smaller network"); err != nil {
				return arch.Architecture{}, err
			}
		}
		b.networks[name] = n
		b.out.inputs = append(b.out.inputs, record.Input{Kind: "network", Name: name, SHA256: n.SHA256})
	}
	return b.networks[name].Architecture, nil
}

// resolve lets weights bring along what they are of: the network, the
// normalisation of pictures, and pictures as large as it was made for. What was
// set together with them or after them stays. A network from a file brings the
// same but for itself.
func (b *builder) resolve(e *experiment.Experiment) error {
	w, graph := b.weights, experiment.IsGraph(e.Net.Arch)
	if w == nil && !(graph && e.Reads()) {
		return nil
	}
	set := map[string]string{}
	if !graph && !e.Pinned("net.arch") {
		fits := arch.Recognize(w.File)
		if len(fits) == 0 {
			return fmt.Errorf("net.weights: %s: %w", e.Net.Weights, arch.Unrecognized(w.File))
		}
		set["net.arch"] = fits[0].Name
		for _, a := range fits {
			if a.Name == e.Net.Arch {
				set["net.arch"] = a.Name
			}
		}
	} else {
		set["net.arch"] = e.Net.Arch
	}
	a, err := b.network(set["net.arch"])
	if err != nil {
		return fmt.Errorf("net.arch: %w", err)
	}
	if !e.Pinned("data.normalize") {
		set["data.normalize"] = strconv.FormatBool(a.Input.Normalized)
	}
	if !e.Pinned("readout.size") && a.Input.Side > e.Readout.Size {
		set["readout.size"] = strconv.Itoa(a.Input.Side)
	}
	for _, key := range []string{"net.arch", "data.normalize", "readout.size"} {
		if text, ok := set[key]; ok {
			if err := e.Set(key, text); err != nil {
				return fmt.Errorf("%s: %w", set["net.arch"], err)
			}
		}
	}
	return nil
}

// A builder makes the stages of the arms of one experiment, so that they share
// what they can.
type builder struct {
	means   stage.Means
	source  *task.Source
	photos  []images.Photo
	weights *Weights // nil: there are none

	networks  map[string]*Network // from files, by their paths
	backbones map[string]*stage.Train
	frozen    map[string]*stage.Frozen
	pool      *Pool
	crew      *Turn // what sights are looked at with
	out       *prepared
}

// name is the next name of a stage.
func (b *builder) name(kind string) string { return fmt.Sprintf("%s%d", kind, len(b.out.stages)) }

// replica makes the stages of an arm with one seed: it learns; or a network
// learns, is frozen, and is read out.
func (b *builder) replica(spec experiment.Arm) (*replica, error) {
	a := &replica{spec: spec}
	if !spec.Reads() {
		t, err := stage.NewTrain(b.name("train"), spec, b.source, b.means)
		if err != nil {
			return nil, err
		}
		switch learns := task.Must(spec.Task.Kind); {
		case learns.Cells():
			t.Cells = b.cells(spec, t.Spec())
		case learns.Corners:
			t.Alike = b.corners(spec, t.Spec())
		}
		b.out.stages = append(b.out.stages, t)
		a.stages = []stage.Stage{t}
		return a, nil
	}
	backbone, err := b.backbone(spec)
	if err != nil {
		return nil, err
	}
	if backbone != nil {
		a.stages = append(a.stages, backbone)
	}
	frozen, err := b.freeze(spec, backbone)
	if err != nil {
		return nil, err
	}
	r, err := stage.NewRead(b.name("read"), spec, frozen, b.means)
	if err != nil {
		return nil, err
	}
	if text := r.Narrowed(); text != "" {
		b.out.warn(text)
	}
	b.out.stages = append(b.out.stages, r)
	a.stages = append(a.stages, r)
	return a, nil
}

// forBackbone and forFrozen report whether a field matters to what arms may share.
func forBackbone(key string) bool {
	return !strings.HasPrefix(key, "readout.") && !strings.HasPrefix(key, "eval.") && key != "net.weights"
}

func forFrozen(key string) bool {
	return !strings.HasPrefix(key, "readout.") || slices.Contains([]string{"readout.size", "readout.crops", "readout.test_crops"}, key)
}

// backbone is the network that learns before it is frozen, nil when it does not.
// Arms for which it would be the same share it.
func (b *builder) backbone(spec experiment.Arm) (*stage.Train, error) {
	if spec.Learns() == "" {
		return nil, nil
	}
	key := spec.Same(forBackbone)
	if t := b.backbones[key]; t != nil {
		return t, nil
	}
	t, err := stage.NewBackbone(b.name("backbone"), spec, b.source, b.means)
	if err != nil {
		return nil, err
	}
	b.out.stages = append(b.out.stages, t)
	b.backbones[key] = t
	return t, nil
}

// freeze is the frozen network of an arm with what it makes of the photographs.
// Arms for which it would be the same share it.
func (b *builder) freeze(spec experiment.Arm, backbone *stage.Train) (*stage.Frozen, error) {
	key := spec.Same(forFrozen)
	if experiment.IsGraph(spec.Net.Arch) {
		key += "\n" + spec.Readout.Taps // which may be any of its layers
	}
	if f := b.frozen[key]; f != nil {
		return f, nil
	}
	shape, err := stage.ArchSpec(spec, b.network)
	if err != nil {
		return nil, err
	}
	shape.In, shape.Classes = nn.Shape{H: spec.Readout.Size, W: spec.Readout.Size, C: b.source.Set.C}, 2
	if backbone != nil {
		learned := backbone.Spec()
		shape.Classes, shape.Head = learned.Classes, learned.Head
	}
	own := shape.Arch.Weigh
	if own != nil {
		shape.Classes, shape.In.C = shape.Arch.Classes, shape.Arch.Native.C
		if err := anyTaps(&shape, spec.Readout.Taps); err != nil {
			return nil, err
		}
	}
	loads := b.weights != nil && spec.Net.Arch != experiment.Raw
	switch {
	case loads:
		prefix, err := shape.Fit(b.weights.File)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Net.Weights, err)
		}
		if prefix != "" {
			b.out.warn(fmt.Sprintf("%s: the names of its tensors begin with %q", spec.Net.Weights, prefix))
		}
	case b.weights != nil && own == nil:
		shape.In.C = 3
	}
	if spec.Eval.Padding != (pad.Scheme{}) {
		shape.Padding, shape.Layers = spec.Eval.Padding, nil
	}
	weigh := func(net *nn.Net) error {
		if !loads && own != nil {
			if err := own(shape, net); err != nil {
				return fmt.Errorf("%s: %w", spec.Net.Arch, err)
			}
			return nil
		}
		if !loads {
			net.Init(spec.Seed)
			return nil
		}
		if err := shape.Arch.Load(net, b.weights.File); err != nil {
			return fmt.Errorf("%s: %w", spec.Net.Weights, err)
		}
		return nil
	}
	album, err := b.album(spec, shape.In.C)
	if err != nil {
		return nil, err
	}
	f, err := stage.NewFrozen(shape, backbone, weigh, album, spec.Seed, b.means)
	if err != nil {
		return nil, err
	}
	b.frozen[key] = f
	return f, nil
}

// anyTaps lets a read-out of a network from a file look at any of its layers
// that the experiment names, in place of those that it usually looks at.
func anyTaps(s *arch.Spec, taps string) error {
	words := strings.Split(taps, "+")
	if _, err := strconv.Atoi(words[0]); err == nil || taps == "all" {
		return nil
	}
	nodes, err := arch.Layers(*s)
	if err != nil {
		return fmt.Errorf("the frozen network: %w", err)
	}
	place := map[string]int{}
	var known []string
	for i, n := range nodes {
		place[n.Name()] = i
		known = append(known, n.Name())
	}
	for i, w := range words {
		if words[i] = strings.TrimSpace(w); !slices.Contains(known, words[i]) {
			return fmt.Errorf("readout.taps: %w", names.Unknown("layer", words[i], known))
		}
	}
	slices.SortFunc(words, func(a, b string) int { return place[a] - place[b] })
	s.Arch.Taps = slices.Compact(words)
	return nil
}

// album is the pictures of a read-out, normalised as its network wants them.
func (b *builder) album(spec experiment.Arm, channels int) (*probe.Album, error) {
	if channels != 1 && channels != 3 {
		return nil, fmt.Errorf("the network takes %d channels; photographs have 3, or 1 when they are grey", channels)
	}
	s := probe.AlbumSpec{Side: spec.Readout.Size, Channels: channels, Train: spec.Readout.Crops, Test: spec.Readout.TestCrops, Seed: spec.Seed}
	if spec.Data.Normalize {
		s.Mean, s.Deviation = arch.ImageNetMean[:], arch.ImageNetStd[:]
		if spec.Net.Weights == "" && !experiment.IsGraph(spec.Net.Arch) {
			c := b.source.Canvas(spec.CanvasSpec())
			s.Mean, s.Deviation = c.Mean, c.Deviation
		}
	}
	return probe.NewAlbum(b.photos, s)
}
