package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch/catalog"
	"padlab/core/names"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/task"
)

// A Field is one row of the table from which the TOML reader, --set, forms, the
// one-line form, validation and the help derive.
type Field struct {
	Key   string // "canvas.grid", the name in files and of --set; what stands before the dot is its group
	About string // what it is, for a person, in one line
	Kind  Kind

	Options   []string // of a Choice, a List, and an Integer that takes only some: all values; where Free is not empty, the ones with names
	Free      string   // what else is allowed, in words: "a grey value from 0 to 1"
	Low, High float64  // of an Integer or a Float

	Shared bool // by all arms: it cannot vary

	numbers bool // some of a Choice's values are numbers, which files write without quotes

	concerns func(*Experiment) bool // whether an experiment heeds it; nil: all do
	get      func(*Experiment) string
	set      func(*Experiment, string) error
}

// A Kind says what values a field takes.
type Kind int

const (
	Text    Kind = iota // free text for people; no part of what is run
	Name                // one word that whoever opens it checks
	Path                // a file or a folder; empty: none
	Bool                // true or false
	Integer             // from Low to High
	Float               // from Low to High
	Choice              // one of Options, or what Free says
	List                // any of Options, with commas between them
)

// Get returns the field's value in an experiment in its text form, which Set
// takes back.
func (f Field) Get(e *Experiment) string { return f.get(e) }

// Default returns the text form of the value that Default has.
func (f Field) Default() string { return f.get(Default()) }

// Canonical returns the text form of a value: padding names in their usual
// spelling, numbers without zeros that say nothing. The error says what is
// allowed.
func (f Field) Canonical(text string) (string, error) {
	scratch := Default()
	if err := f.set(scratch, text); err != nil {
		return "", err
	}
	return f.get(scratch), nil
}

// Concerns reports whether an experiment heeds the field.
func (f Field) Concerns(e *Experiment) bool { return f.concerns == nil || f.concerns(e) }

// Allowed says in words what the field takes.
func (f Field) Allowed() string {
	switch f.Kind {
	case Text:
		return "text"
	case Name:
		return "a name"
	case Path:
		return "a path, or empty"
	case Bool:
		return "true or false"
	case Integer:
		if len(f.Options) > 0 {
			return "one of " + strings.Join(f.Options, ", ")
		}
		return fmt.Sprintf("an integer from %.0f to %.0f", f.Low, f.High)
	case Float:
		return fmt.Sprintf("a number from %g to %g", f.Low, f.High)
	case List:
		return "a list of " + strings.Join(f.Options, ", ")
	}
	if f.Free != "" {
		return strings.Join(f.Options, ", ") + ", or " + f.Free
	}
	return strings.Join(f.Options, ", ")
}

// bare reports whether TOML and JSON write the value without quotes.
func (f Field) bare() bool { return f.Kind == Bool || f.Kind == Integer || f.Kind == Float }

// table is in the order in which files show the fields.
var table = []Field{
	textField("title", "what the screen shows", func(e *Experiment) *string { return &e.Title }),
	textField("about", "two or three sentences for a newcomer", func(e *Experiment) *string { return &e.About }),
	textField("try", "what to change next, by keys of the screen", func(e *Experiment) *string { return &e.Try }),
	textField("flags", "what to change next, by flags of the command line", func(e *Experiment) *string { return &e.Flags }),
	written(textField("full", "what --full changes, KEY=VALUE with blanks between them: a size nearer to the paper", func(e *Experiment) *string { return &e.Full })),
	textField("paper", "what the paper reports or claims, with its place", func(e *Experiment) *string { return &e.Paper }),
	reads(textField("differs", "what differs from the paper: network, data, size", func(e *Experiment) *string { return &e.Differs })),
	shared(seedField()),
	shared(intField("seeds", "how often every arm is trained: from that seed, the next one, and so on", 1, MaxSeeds, func(e *Experiment) *int { return &e.Seeds })),
	trains(shared(enumField("task.kind", "what the network learns", func(e *Experiment) *string { return &e.Task.Kind }, "task", task.Names()))),
	asks(func(t task.Task) bool { return t.Homes }, floatField("task.correlation", "the share of training samples of classify in which the patch stands in a place of its class", 0, 1, func(e *Experiment) *float64 { return &e.Task.Correlation })),
	shared(nameField("data.set", "the set of images", func(e *Experiment) *string { return &e.Data.Set })),
	reads(shared(pathField("data.photos", "a folder of photographs that is read out of; empty: those that ship", func(e *Experiment) *string { return &e.Data.Photos }))),
	pictured(intField("data.patch", "pixels per side of a cell, to which the images are scaled", 1, 224, func(e *Experiment) *int { return &e.Data.Patch })),
	pictured(boolField("data.normalize", "subtract the mean and divide by the standard deviation of the training images", func(e *Experiment) *bool { return &e.Data.Normalize })),
	asks(task.Task.Cells, intField("canvas.grid", "cells per side of the canvas", 1, 32, func(e *Experiment) *int { return &e.Canvas.Grid })),
	pictured(numbers(parsedField("canvas.fill", "the empty canvas", func(e *Experiment) *task.Fill { return &e.Canvas.Fill }, task.Fills(), "a grey value from 0 to 1", task.ParseFill))),
	asks(func(t task.Task) bool { return t.Corners }, intField("canvas.border", "how many pixels a patch of quadrant is away from the edges at most", 0, 128, func(e *Experiment) *int { return &e.Canvas.Border })),
	parsedField("net.arch", "the network", func(e *Experiment) *string { return &e.Net.Arch }, catalog.Names(), "a FILE.onnx, frozen with its own weights", parseNetwork),
	shared(pathField("net.weights", "a file of weights (safetensors) that the frozen network gets; empty: it learns", func(e *Experiment) *string { return &e.Net.Weights })),
	schemeField("net.padding", "the padding scheme", func(e *Experiment) *pad.Scheme { return &e.Net.Padding }),
	parsedField("net.extent", "how much is padded", func(e *Experiment) *pad.Extent { return &e.Net.Extent }, pad.Extents(), "", pad.ParseExtent),
	enumField("net.pools", "what padded pools see beside their map: nothing, as the network was published (own), or what the padding scheme puts there (scheme)", func(e *Experiment) *catalog.Pools { return &e.Net.Pools }, "kind of pools", []catalog.Pools{catalog.OwnPools, catalog.SchemePools}),
	enumField("net.head", "where the outputs of a map of answers are put: stretched over the whole picture whatever the map has lost, aligned with where they look, or continued beyond the map as net.padding does", func(e *Experiment) *catalog.Head { return &e.Net.Head }, "head", catalog.Heads()),
	enumField("net.global", "how the last map becomes a vector: the average of each channel, its maximum, or the average with the channels in a new order at every pass", func(e *Experiment) *catalog.Global { return &e.Net.Global }, "global pooling", catalog.Globals()),
	boolField("net.head_bias", "the last layer adds a bias", func(e *Experiment) *bool { return &e.Net.HeadBias }),
	boolField("net.bias", "convolutions add a bias", func(e *Experiment) *bool { return &e.Net.Bias }),
	enumField("train.optimizer", "how the weights follow the gradient", func(e *Experiment) *Optimizer { return &e.Train.Optimizer }, "optimizer", []Optimizer{Adam, AdamW, SGD, Nesterov, Adadelta}),
	floatField("train.lr", "learning rate; 0: nothing is learned, but batch norms see pictures", 0, 100, func(e *Experiment) *float64 { return &e.Train.LR }),
	floatField("train.momentum", "momentum of sgd and nesterov", 0, 0.9999, func(e *Experiment) *float64 { return &e.Train.Momentum }),
	floatField("train.decay", "weight decay", 0, 1, func(e *Experiment) *float64 { return &e.Train.Decay }),
	enumField("train.schedule", "how the learning rate follows the steps", func(e *Experiment) *Schedule { return &e.Train.Schedule }, "schedule", []Schedule{Constant, Cosine, OneCycle}),
	floatField("train.clip", "the norm to which a longer gradient is cut; 0: none is", 0, 1e9, func(e *Experiment) *float64 { return &e.Train.Clip }),
	intField("train.batch", "samples per step", 1, 4096, func(e *Experiment) *int { return &e.Train.Batch }),
	trains(shared(intField("train.steps", "training steps", 0, 10_000_000, func(e *Experiment) *int { return &e.Train.Steps }))),
	shared(intField("train.eval_every", "steps between two evaluations", 1, 10_000_000, func(e *Experiment) *int { return &e.Train.EvalEvery })),
	optional(schemeField("eval.padding", "the padding scheme of the trained network when it is tested; empty: its own", func(e *Experiment) *pad.Scheme { return &e.Eval.Padding })),
	shared(intField("eval.images", "test images that the last evaluation shows in every cell", 1, 1_000_000, func(e *Experiment) *int { return &e.Eval.Images })),
	trains(shared(enumField("neurons.ask", "what is asked of the neurons behind global pooling: how many of them are about the place and about the class, and what is lost without those that know left from right (ablation)", func(e *Experiment) *Ask { return &e.Neurons.Ask }, "question", []Ask{AskNothing, AskDimensions, AskAblation}))),
	reads(enumField("backbone.task", "what the frozen network has learned", func(e *Experiment) *string { return &e.Backbone.Task }, "task", learnable())),
	reads(intField("backbone.steps", "training steps before it is frozen; 0: it keeps its random weights", 0, 10_000_000, func(e *Experiment) *int { return &e.Backbone.Steps })),
	reads(shared(targetsField())),
	reads(tapsField()),
	reads(intField("readout.size", "pixels per side of the pictures", 16, 512, func(e *Experiment) *int { return &e.Readout.Size })),
	reads(intField("readout.crops", "crops of photographs that the read-out is fitted on", 8, 100_000, func(e *Experiment) *int { return &e.Readout.Crops })),
	reads(intField("readout.test_crops", "crops of other photographs that it is tested on", 1, 100_000, func(e *Experiment) *int { return &e.Readout.TestCrops })),
	reads(among("1", "3", "5", "7")(intField("readout.kernel", "pixels per side of its convolutions", 1, 7, func(e *Experiment) *int { return &e.Readout.Kernel }))),
	reads(intField("readout.depth", "its convolutions", 1, 3, func(e *Experiment) *int { return &e.Readout.Depth })),
	reads(intField("readout.padding", "zeros around what each of them sees", 0, 3, func(e *Experiment) *int { return &e.Readout.Padding })),
	reads(intField("readout.width", "filters of all but the last", 1, 64, func(e *Experiment) *int { return &e.Readout.Width })),
	reads(boolField("readout.norm", "a batch norm behind each", func(e *Experiment) *bool { return &e.Readout.Norm })),
	reads(boolField("readout.sigmoid", "a sigmoid at the end", func(e *Experiment) *bool { return &e.Readout.Sigmoid })),
	reads(boolField("readout.standardise", "every channel of the features less its mean, over its standard deviation", func(e *Experiment) *bool { return &e.Readout.Standardise })),
	reads(boolField("readout.signed", "stripes go from −1 to 1 where errors are reported, as in the paper", func(e *Experiment) *bool { return &e.Readout.Signed })),
	reads(enumField("readout.solver", "how it is fitted: in closed form, or step by step", func(e *Experiment) *Solver { return &e.Readout.Solver }, "solver", []Solver{ByRidge, BySGD, ByAdam})),
	reads(floatField("readout.lr", "its learning rate, a tenth of it after two thirds of the steps", 1e-9, 100, func(e *Experiment) *float64 { return &e.Readout.LR })),
	reads(floatField("readout.decay", "its weight decay", 0, 1, func(e *Experiment) *float64 { return &e.Readout.Decay })),
	reads(intField("readout.epochs", "how often it sees every crop", 1, 10_000, func(e *Experiment) *int { return &e.Readout.Epochs })),
	reads(intField("readout.batch", "crops per step", 2, 256, func(e *Experiment) *int { return &e.Readout.Batch })),
}

// Fields returns the table.
func Fields() []Field { return slices.Clone(table) }

// FieldOf returns the field of that key: a row of the table, or the scheme of
// one convolution, net.layers.NAME.padding. The error names the nearest key.
func FieldOf(key string) (Field, error) {
	if name, ok := layerOf(key); ok {
		return layerField(name), checkText("the convolution", name)
	}
	keys := make([]string, len(table))
	for i, f := range table {
		if f.Key == key {
			return f, nil
		}
		keys[i] = f.Key
	}
	return Field{}, names.Unknown("key", key, keys)
}

// fields is the table with the rows of all convolutions that e or the others
// mention, behind net.bias, and without those that do not concern any of them
// and say what they always say.
func (e *Experiment) fields(others ...*Experiment) []Field {
	all := append(others, e)
	mentioned := map[string]bool{}
	for _, x := range all {
		for name := range x.Net.Layers {
			mentioned[name] = true
		}
	}
	usual := Default()
	var list []Field
	for _, f := range table {
		if !slices.ContainsFunc(all, func(x *Experiment) bool { return f.Concerns(x) || f.get(x) != f.get(usual) }) {
			continue
		}
		if list = append(list, f); f.Key == "net.bias" {
			for _, name := range slices.Sorted(maps.Keys(mentioned)) {
				list = append(list, layerField(name))
			}
		}
	}
	return list
}

// Same is a text that two experiments have in common when the fields that
// matter say the same in both.
func (e *Experiment) Same(matters func(key string) bool) string {
	var b strings.Builder
	for _, f := range e.fields() {
		if matters(f.Key) {
			fmt.Fprintf(&b, "%s=%s\n", f.Key, f.get(e))
		}
	}
	return b.String()
}

// trains and reads restrict a field to the experiments that heed it; shared
// marks one that all arms have in common.
// asks is for fields that some tasks look at, whoever learns them.
func asks(of func(task.Task) bool, f Field) Field {
	f.concerns = func(e *Experiment) bool {
		name := e.Learns()
		if name == "" {
			name = Default().Task.Kind
		}
		t, err := task.Find(name) // that of a stranger's record is checked later
		return err != nil || of(t)
	}
	return f
}

// pictured is for fields that say what is made of the images of a set.
func pictured(f Field) Field { return asks(func(t task.Task) bool { return !t.Drawn }, f) }

// learnable are the tasks on the images of a set, whose networks are shown
// photographs, too.
func learnable() (list []string) {
	for _, t := range task.All() {
		if !t.Drawn {
			list = append(list, t.Name)
		}
	}
	return list
}

// written is for a text that few files have.
func written(f Field) Field {
	f.concerns = func(e *Experiment) bool { return f.get(e) != "" }
	return f
}

func trains(f Field) Field {
	f.concerns = func(e *Experiment) bool { return !e.Reads() }
	return f
}
func reads(f Field) Field  { f.concerns = (*Experiment).Reads; return f }
func shared(f Field) Field { f.Shared = true; return f }

func numbers(f Field) Field { f.numbers = true; return f }

// optional lets a field of a scheme be empty.
func optional(f Field) Field {
	set := f.set
	f.Free += ", or empty"
	f.set = func(e *Experiment, text string) error {
		if text == "" {
			e.Eval.Padding = pad.Scheme{}
			return nil
		}
		return set(e, text)
	}
	return f
}

func textField(key, about string, at func(*Experiment) *string) Field {
	return Field{Key: key, About: about, Kind: Text, Shared: true,
		get: func(e *Experiment) string { return *at(e) },
		set: func(e *Experiment, text string) error {
			*at(e) = strings.Join(strings.Fields(text), " ")
			return nil
		}}
}

func nameField(key, about string, at func(*Experiment) *string) Field {
	return Field{Key: key, About: about, Kind: Name,
		get: func(e *Experiment) string { return *at(e) },
		set: func(e *Experiment, text string) error {
			if text == "" {
				return fmt.Errorf("%s: a name must not be empty", key)
			}
			if err := checkText(key, text); err != nil {
				return err
			}
			*at(e) = text
			return nil
		}}
}

func pathField(key, about string, at func(*Experiment) *string) Field {
	return Field{Key: key, About: about, Kind: Path,
		get: func(e *Experiment) string { return *at(e) },
		set: func(e *Experiment, text string) error {
			*at(e) = text
			return nil
		}}
}

func boolField(key, about string, at func(*Experiment) *bool) Field {
	return Field{Key: key, About: about, Kind: Bool,
		get: func(e *Experiment) string { return strconv.FormatBool(*at(e)) },
		set: func(e *Experiment, text string) error {
			if text != "true" && text != "false" {
				return fmt.Errorf("%s must be true or false: %q", key, text)
			}
			*at(e) = text == "true"
			return nil
		}}
}

func intField(key, about string, low, high int, at func(*Experiment) *int) Field {
	f := Field{Key: key, About: about, Kind: Integer, Low: float64(low), High: float64(high)}
	f.get = func(e *Experiment) string { return strconv.Itoa(*at(e)) }
	f.set = func(e *Experiment, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < low || n > high {
			return fmt.Errorf("%s must be %s: %q", key, f.Allowed(), text)
		}
		*at(e) = n
		return nil
	}
	return f
}

func floatField(key, about string, low, high float64, at func(*Experiment) *float64) Field {
	f := Field{Key: key, About: about, Kind: Float, Low: low, High: high}
	f.get = func(e *Experiment) string { return strconv.FormatFloat(*at(e), 'g', -1, 64) }
	f.set = func(e *Experiment, text string) error {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || v < low || v > high {
			return fmt.Errorf("%s must be %s: %q", key, f.Allowed(), text)
		}
		if v == 0 {
			v = 0 // −0 would come back from a file as another text
		}
		*at(e) = v
		return nil
	}
	return f
}

// seedField is an integer that a float64 does not hold.
func seedField() Field {
	return Field{Key: "seed", About: "of all random draws", Kind: Integer, High: math.MaxInt64,
		get: func(e *Experiment) string { return strconv.FormatUint(e.Seed, 10) },
		set: func(e *Experiment, text string) error {
			n, err := strconv.ParseUint(text, 10, 63)
			if err != nil {
				return fmt.Errorf("seed must be an integer from 0 to 9223372036854775807: %q", text)
			}
			e.Seed = n
			return nil
		}}
}

// enumField is a field that takes one of a few words; kind says what they name.
func enumField[T ~string](key, about string, at func(*Experiment) *T, kind string, options []T) Field {
	f := Field{Key: key, About: about, Kind: Choice}
	for _, o := range options {
		f.Options = append(f.Options, string(o))
	}
	f.get = func(e *Experiment) string { return string(*at(e)) }
	f.set = func(e *Experiment, text string) error {
		if !slices.Contains(f.Options, text) {
			return fmt.Errorf("%s: %w", key, names.Unknown(kind, text, f.Options))
		}
		*at(e) = T(text)
		return nil
	}
	return f
}

// parsedField is a Choice whose type reads its own text form.
func parsedField[T any](key, about string, at func(*Experiment) *T, options []string, free string, parse func(string) (T, error)) Field {
	return Field{Key: key, About: about, Kind: Choice, Options: options, Free: free,
		get: func(e *Experiment) string { return fmt.Sprint(*at(e)) },
		set: func(e *Experiment, text string) error {
			v, err := parse(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			*at(e) = v
			return nil
		}}
}

func schemeField(key, about string, at func(*Experiment) *pad.Scheme) Field {
	f := parsedField(key, about, at, pad.Names(), "constant(VALUE), BESIDE/ABOVE", pad.Parse)
	f.get = func(e *Experiment) string { return at(e).Name }
	return f
}

// among restricts an integer to some of its values.
func among(options ...string) func(Field) Field {
	return func(f Field) Field {
		f.Options = options
		set := f.set
		f.set = func(e *Experiment, text string) error {
			if !slices.Contains(options, text) {
				return fmt.Errorf("%s must be %s: %q", f.Key, f.Allowed(), text)
			}
			return set(e, text)
		}
		return f
	}
}

func targetsField() Field {
	f := Field{Key: "readout.targets", About: "what is read out; nothing: the network itself is tested", Kind: List}
	for _, t := range position.Targets() {
		f.Options = append(f.Options, string(t))
	}
	f.get = func(e *Experiment) string {
		list := make([]string, len(e.Readout.Targets))
		for i, t := range e.Readout.Targets {
			list[i] = string(t)
		}
		return strings.Join(list, ",")
	}
	f.set = func(e *Experiment, text string) error {
		list := []position.Target{}
		for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			t, err := position.ParseTarget(name)
			if err != nil {
				return fmt.Errorf("readout.targets: %w", err)
			}
			if slices.Contains(list, t) {
				return fmt.Errorf("readout.targets names %s twice", name)
			}
			list = append(list, t)
		}
		e.Readout.Targets = list
		return nil
	}
	return f
}

func tapsField() Field {
	return parsedField("readout.taps", "where the features are taken from; of raw always the picture", func(e *Experiment) *string { return &e.Readout.Taps }, []string{"all"}, "names or numbers of taps with + between them",
		func(text string) (string, error) {
			if strings.TrimSpace(text) == "" {
				return "", fmt.Errorf("no taps")
			}
			if err := checkText("the taps", text); err != nil {
				return "", err
			}
			named := map[string]bool{}
			for word := range strings.SplitSeq(text, "+") {
				if word = strings.TrimSpace(word); named[word] {
					return "", fmt.Errorf("tap %q is named twice", word)
				}
				named[word] = true
			}
			return text, nil
		})
}

// layerOf is the convolution that a key net.layers.NAME.padding is about.
func layerOf(key string) (name string, ok bool) {
	name, ok = strings.CutPrefix(key, "net.layers.")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, ".padding")
	return name, ok && name != ""
}

// layerField is the field of one convolution's scheme; empty stands for that of
// the network.
func layerField(name string) Field {
	f := schemeField("net.layers."+name+".padding", "the padding scheme of convolution "+name, nil)
	f.get = func(e *Experiment) string { return e.Net.Layers[name].Padding.Name }
	f.set = func(e *Experiment, text string) error {
		scheme, err := pad.Parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Key, err)
		}
		e.Net.Layers = maps.Clone(e.Net.Layers) // arms share what they were cloned from
		if e.Net.Layers == nil {
			e.Net.Layers = Layers{}
		}
		e.Net.Layers[name] = Layer{scheme}
		return nil
	}
	return f
}
