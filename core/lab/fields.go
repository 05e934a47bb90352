package lab

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/names"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/task"
)

// A Field is one row of the table that an experiment consists of.
type Field struct {
	Key   string // "canvas.grid", the name in files and of --set
	About string // what it is, for a person
	Allow string // what is allowed

	number bool                   // its text form is also its TOML form
	prose  bool                   // free text for people; no part of what is run
	fixed  bool                   // shared by all arms
	list   bool                   // its text form is values with commas between them
	only   func(*Experiment) bool // it concerns only experiments for which this holds; nil: all
	get    func(*Experiment) string
	set    func(*Experiment, string) error
}

// fields is the table, in the order in which files show it.
var fields = []Field{
	prose("title", "what the screen shows", func(e *Experiment) *string { return &e.Title }),
	prose("about", "two or three sentences for a newcomer", func(e *Experiment) *string { return &e.About }),
	prose("try", "what to change next", func(e *Experiment) *string { return &e.Try }),
	prose("paper", "what the paper reports or claims, with its place", func(e *Experiment) *string { return &e.Paper }),
	reads(prose("differs", "what differs from the paper: network, data, size", func(e *Experiment) *string { return &e.Differs })),
	shared(seed()),
	trains(shared(word("task.kind", "what the network learns", func(e *Experiment) *string { return &e.Task.Kind }, oneOf("task", task.Names())))),
	shared(word("data.set", "the set of images", func(e *Experiment) *string { return &e.Data.Set }, anyName)),
	whole("data.patch", "pixels per side of a cell, to which the images are scaled", 1, 224, func(e *Experiment) *int { return &e.Data.Patch }),
	truth("data.normalize", "subtract the mean and divide by the deviation of the training images", func(e *Experiment) *bool { return &e.Data.Normalize }),
	whole("canvas.grid", "cells per side of the canvas", 1, 32, func(e *Experiment) *int { return &e.Canvas.Grid }),
	word("canvas.fill", "the empty canvas", func(e *Experiment) *string { return &e.Canvas.Fill },
		known(append(task.Fills(), "a grey value 0..1"), func(s string) (string, error) { f, err := task.ParseFill(s); return string(f), err })),
	word("net.arch", "the network", func(e *Experiment) *string { return &e.Net.Arch }, oneOf("network", catalog.Names())),
	shared(word("net.weights", "a file of weights (safetensors) that the frozen network gets; empty: it learns", func(e *Experiment) *string { return &e.Net.Weights },
		vocabulary{"a path, or empty", func(s string) (string, error) { return s, nil }})),
	word("net.padding", "the padding scheme", func(e *Experiment) *string { return &e.Net.Padding }, scheme),
	word("net.extent", "how much is padded", func(e *Experiment) *string { return &e.Net.Extent },
		known(pad.Extents(), func(s string) (string, error) { x, err := pad.ParseExtent(s); return string(x), err })),
	word("net.head", "where the units of a map of answers are put: over the whole picture whatever the map has lost, or where they look", func(e *Experiment) *string { return &e.Net.Head },
		oneOf("head", []string{string(arch.Stretched), string(arch.Aligned)})),
	truth("net.bias", "convolutions add a bias", func(e *Experiment) *bool { return &e.Net.Bias }),
	word("train.optimizer", "how the weights follow the gradient", func(e *Experiment) *string { return &e.Train.Optimizer }, oneOf("optimizer", []string{"adam", "adamw", "sgd", "nesterov", "adadelta"})),
	decimal("train.lr", "learning rate; 0: nothing is learned, but batch norms see pictures", 0, 100, func(e *Experiment) *float64 { return &e.Train.LR }),
	decimal("train.momentum", "momentum of sgd and nesterov", 0, 0.9999, func(e *Experiment) *float64 { return &e.Train.Momentum }),
	decimal("train.decay", "weight decay", 0, 1, func(e *Experiment) *float64 { return &e.Train.Decay }),
	word("train.schedule", "how the learning rate follows the steps", func(e *Experiment) *string { return &e.Train.Schedule }, oneOf("schedule", []string{"constant", "cosine", "one-cycle"})),
	decimal("train.clip", "the norm to which a longer gradient is cut; 0: none is", 0, 1e9, func(e *Experiment) *float64 { return &e.Train.Clip }),
	whole("train.batch", "samples per step", 1, 4096, func(e *Experiment) *int { return &e.Train.Batch }),
	trains(shared(whole("train.steps", "training steps", 0, 10_000_000, func(e *Experiment) *int { return &e.Train.Steps }))),
	shared(whole("train.eval_every", "steps between two evaluations", 1, 10_000_000, func(e *Experiment) *int { return &e.Train.EvalEvery })),
	word("eval.padding", "the padding scheme of the trained network when it is tested; empty: its own", func(e *Experiment) *string { return &e.Eval.Padding },
		vocabulary{scheme.allow + ", or empty", func(s string) (string, error) {
			if s == "" {
				return "", nil
			}
			return scheme.parse(s)
		}}),
	shared(whole("eval.images", "test images that the last evaluation shows in every cell", 1, 1_000_000, func(e *Experiment) *int { return &e.Eval.Images })),
	reads(word("backbone.task", "what the frozen network has learned", func(e *Experiment) *string { return &e.Backbone.Task }, oneOf("task", task.Names()))),
	reads(whole("backbone.steps", "training steps before it is frozen; 0: it keeps its random weights", 0, 10_000_000, func(e *Experiment) *int { return &e.Backbone.Steps })),
	reads(shared(targets())),
	reads(word("readout.taps", "where the features are taken from", func(e *Experiment) *string { return &e.Readout.Taps },
		vocabulary{"all, or names or numbers of taps with + between them", func(s string) (string, error) {
			if strings.TrimSpace(s) == "" {
				return "", fmt.Errorf("no taps")
			}
			return s, nil
		}})),
	reads(whole("readout.size", "pixels per side of the pictures", 16, 512, func(e *Experiment) *int { return &e.Readout.Size })),
	reads(whole("readout.crops", "crops of photographs that the read-out is fitted on", 8, 100_000, func(e *Experiment) *int { return &e.Readout.Crops })),
	reads(whole("readout.test_crops", "crops of other photographs that it is tested on", 1, 100_000, func(e *Experiment) *int { return &e.Readout.TestCrops })),
	reads(oneNumber("readout.kernel", "pixels per side of its convolutions", []int{1, 3, 5, 7}, func(e *Experiment) *int { return &e.Readout.Kernel })),
	reads(whole("readout.depth", "its convolutions", 1, 3, func(e *Experiment) *int { return &e.Readout.Depth })),
	reads(whole("readout.padding", "zeros around what each of them sees", 0, 3, func(e *Experiment) *int { return &e.Readout.Padding })),
	reads(whole("readout.width", "filters of all but the last", 1, 64, func(e *Experiment) *int { return &e.Readout.Width })),
	reads(truth("readout.norm", "a batch norm behind each", func(e *Experiment) *bool { return &e.Readout.Norm })),
	reads(truth("readout.sigmoid", "a sigmoid at the end", func(e *Experiment) *bool { return &e.Readout.Sigmoid })),
	reads(truth("readout.standardise", "every channel of the features less its mean, over its deviation", func(e *Experiment) *bool { return &e.Readout.Standardise })),
	reads(truth("readout.signed", "stripes go from −1 to 1 where errors are reported, as in the paper", func(e *Experiment) *bool { return &e.Readout.Signed })),
	reads(word("readout.solver", "how it is fitted: in closed form, or step by step", func(e *Experiment) *string { return &e.Readout.Solver }, oneOf("solver", []string{"ridge", "sgd", "adam"}))),
	reads(decimal("readout.lr", "its learning rate, a tenth of it after two thirds of the steps", 1e-9, 100, func(e *Experiment) *float64 { return &e.Readout.LR })),
	reads(decimal("readout.decay", "its weight decay", 0, 1, func(e *Experiment) *float64 { return &e.Readout.Decay })),
	reads(whole("readout.epochs", "how often it sees every crop", 1, 10_000, func(e *Experiment) *int { return &e.Readout.Epochs })),
	reads(whole("readout.batch", "crops per step", 2, 256, func(e *Experiment) *int { return &e.Readout.Batch })),
}

// trains and reads restrict a field to the experiments that it is about.
func trains(f Field) Field { f.only = func(e *Experiment) bool { return !e.Reads() }; return f }
func reads(f Field) Field  { f.only = (*Experiment).Reads; return f }

func targets() Field {
	return Field{Key: "readout.targets", About: "what is read out; nothing: the network itself is tested", Allow: "a list of H, V, G, HS, VS", list: true,
		get: func(e *Experiment) string { return strings.Join(e.Readout.Targets, ",") },
		set: func(e *Experiment, text string) error {
			list := []string{}
			for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
				t, err := position.ParseTarget(name)
				if err != nil {
					return fmt.Errorf("readout.targets: %w", err)
				}
				if slices.Contains(list, name) {
					return fmt.Errorf("readout.targets names %s twice", name)
				}
				list = append(list, string(t))
			}
			e.Readout.Targets = list
			return nil
		}}
}

func oneNumber(key, about string, list []int, at func(*Experiment) *int) Field {
	f := whole(key, about, slices.Min(list), slices.Max(list), at)
	f.Allow = strings.Trim(fmt.Sprint(list), "[]")
	set := f.set
	f.set = func(e *Experiment, text string) error {
		if n, err := strconv.Atoi(text); err != nil || !slices.Contains(list, n) {
			return fmt.Errorf("%s must be one of %s: %q", key, f.Allow, text)
		}
		return set(e, text)
	}
	return f
}

var scheme = known(pad.Names(), func(s string) (string, error) { p, err := pad.Parse(s); return p.Name, err })

// layerOf is the convolution that a key net.layers.NAME.padding is about.
func layerOf(key string) (name string, ok bool) {
	name, ok = strings.CutPrefix(key, "net.layers.")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, ".padding")
	return name, ok && name != ""
}

// layer is the field of one convolution's scheme; empty stands for that of the
// network.
func layer(name string) Field {
	key := "net.layers." + name + ".padding"
	return Field{Key: key, About: "the padding scheme of convolution " + name, Allow: scheme.allow,
		get: func(e *Experiment) string { return e.Net.Layers[name].Padding },
		set: func(e *Experiment, text string) error {
			w, err := scheme.parse(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			e.Net.Layers = maps.Clone(e.Net.Layers) // arms share what they were cloned from
			if e.Net.Layers == nil {
				e.Net.Layers = Layers{}
			}
			e.Net.Layers[name] = Layer{w}
			return nil
		}}
}

// fields is the table with the rows of all convolutions that e or the others
// mention, behind net.bias, and without those that do not concern any of them
// and say what they always say.
func (e *Experiment) fields(others ...*Experiment) []Field {
	mentioned := map[string]bool{}
	for _, x := range append(others, e) {
		for name := range x.Net.Layers {
			mentioned[name] = true
		}
	}
	usual := Default()
	concerns := func(f Field) bool {
		return slices.ContainsFunc(append(others, e), func(x *Experiment) bool { return f.only == nil || f.only(x) || f.get(x) != f.get(usual) })
	}
	var list []Field
	for _, f := range fields {
		if !concerns(f) {
			continue
		}
		if list = append(list, f); f.Key == "net.bias" {
			for _, name := range slices.Sorted(maps.Keys(mentioned)) {
				list = append(list, layer(name))
			}
		}
	}
	return list
}

// Fields returns the table.
func Fields() []Field { return append([]Field(nil), fields...) }

func fieldOf(key string) (Field, error) {
	if name, ok := layerOf(key); ok {
		return layer(name), nil
	}
	list := make([]string, len(fields))
	for i, f := range fields {
		if f.Key == key {
			return f, nil
		}
		list[i] = f.Key
	}
	return Field{}, names.Unknown("key", key, list)
}

func shared(f Field) Field { f.fixed = true; return f }

// A vocabulary is what a word may be: what is allowed, in words, and the
// canonical form of a text.
type vocabulary struct {
	allow string
	parse func(string) (string, error)
}

func known(list []string, parse func(string) (string, error)) vocabulary {
	return vocabulary{strings.Join(list, ", "), parse}
}

func oneOf(kind string, list []string) vocabulary {
	return known(list, func(text string) (string, error) {
		for _, w := range list {
			if w == text {
				return w, nil
			}
		}
		return "", names.Unknown(kind, text, list)
	})
}

// anyName leaves the check to whoever opens what is named.
var anyName = vocabulary{"a name", func(text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("a name must not be empty")
	}
	return text, nil
}}

func word(key, about string, at func(*Experiment) *string, v vocabulary) Field {
	return Field{Key: key, About: about, Allow: v.allow,
		get: func(e *Experiment) string { return *at(e) },
		set: func(e *Experiment, text string) error {
			w, err := v.parse(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			*at(e) = w
			return nil
		}}
}

func prose(key, about string, at func(*Experiment) *string) Field {
	return Field{Key: key, About: about, Allow: "text", prose: true, fixed: true,
		get: func(e *Experiment) string { return *at(e) },
		set: func(e *Experiment, text string) error {
			*at(e) = strings.Join(strings.Fields(text), " ")
			return nil
		}}
}

func truth(key, about string, at func(*Experiment) *bool) Field {
	return Field{Key: key, About: about, Allow: "true, false", number: true,
		get: func(e *Experiment) string { return strconv.FormatBool(*at(e)) },
		set: func(e *Experiment, text string) error {
			if text != "true" && text != "false" {
				return fmt.Errorf("%s must be true or false: %q", key, text)
			}
			*at(e) = text == "true"
			return nil
		}}
}

func whole(key, about string, low, high int, at func(*Experiment) *int) Field {
	allow := fmt.Sprintf("%d … %d", low, high)
	return Field{Key: key, About: about, Allow: allow, number: true,
		get: func(e *Experiment) string { return strconv.Itoa(*at(e)) },
		set: func(e *Experiment, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < low || n > high {
				return fmt.Errorf("%s must be a whole number in %s: %q", key, allow, text)
			}
			*at(e) = n
			return nil
		}}
}

func decimal(key, about string, low, high float64, at func(*Experiment) *float64) Field {
	allow := fmt.Sprintf("%g … %g", low, high)
	return Field{Key: key, About: about, Allow: allow, number: true,
		get: func(e *Experiment) string { return strconv.FormatFloat(*at(e), 'g', -1, 64) },
		set: func(e *Experiment, text string) error {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(v) || v < low || v > high {
				return fmt.Errorf("%s must be a number in %s: %q", key, allow, text)
			}
			*at(e) = v
			return nil
		}}
}

func seed() Field {
	return Field{Key: "seed", About: "of all random draws", Allow: "0 … 9223372036854775807", number: true,
		get: func(e *Experiment) string { return strconv.FormatUint(e.Seed, 10) },
		set: func(e *Experiment, text string) error {
			n, err := strconv.ParseUint(text, 10, 63)
			if err != nil {
				return fmt.Errorf("seed must be a whole number in 0 … 9223372036854775807: %q", text)
			}
			e.Seed = n
			return nil
		}}
}
