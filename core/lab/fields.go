package lab

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/arch"
	"padlab/core/names"
	"padlab/core/pad"
	"padlab/core/task"
)

// A Field is one row of the table that an experiment consists of.
type Field struct {
	Key   string // "canvas.grid", the name in files and of --set
	About string // what it is, for a person
	Allow string // what is allowed

	number bool // its text form is also its TOML form
	prose  bool // free text for people; no part of what is run
	fixed  bool // shared by all arms
	get    func(*Experiment) string
	set    func(*Experiment, string) error
}

// fields is the table, in the order in which files show it.
var fields = []Field{
	prose("title", "what the screen shows", func(e *Experiment) *string { return &e.Title }),
	prose("about", "two or three sentences for a newcomer", func(e *Experiment) *string { return &e.About }),
	prose("try", "what to change next", func(e *Experiment) *string { return &e.Try }),
	prose("paper", "what the paper reports or claims, with its place", func(e *Experiment) *string { return &e.Paper }),
	shared(seed()),
	shared(word("task.kind", "what the network learns", func(e *Experiment) *string { return &e.Task.Kind }, oneOf("task", task.Kinds()))),
	shared(word("data.set", "the set of images", func(e *Experiment) *string { return &e.Data.Set }, anyName)),
	whole("data.patch", "pixels per side of a cell, to which the images are scaled", 1, 64, func(e *Experiment) *int { return &e.Data.Patch }),
	truth("data.normalize", "subtract the mean and divide by the deviation of the training images", func(e *Experiment) *bool { return &e.Data.Normalize }),
	whole("canvas.grid", "cells per side of the canvas", 2, 32, func(e *Experiment) *int { return &e.Canvas.Grid }),
	word("canvas.fill", "the empty canvas", func(e *Experiment) *string { return &e.Canvas.Fill },
		known(append(task.Fills(), "a grey value 0..1"), func(s string) (string, error) { f, err := task.ParseFill(s); return string(f), err })),
	word("net.arch", "the network", func(e *Experiment) *string { return &e.Net.Arch }, oneOf("network", arch.Names())),
	word("net.padding", "the padding scheme", func(e *Experiment) *string { return &e.Net.Padding }, scheme),
	word("net.extent", "how much is padded", func(e *Experiment) *string { return &e.Net.Extent },
		known(pad.Extents(), func(s string) (string, error) { x, err := pad.ParseExtent(s); return string(x), err })),
	word("net.head", "where the units of a map of answers are put: over the whole picture whatever the map has lost, or where they look", func(e *Experiment) *string { return &e.Net.Head },
		oneOf("head", []string{string(arch.Stretched), string(arch.Aligned)})),
	truth("net.bias", "convolutions add a bias", func(e *Experiment) *bool { return &e.Net.Bias }),
	word("train.optimizer", "how the weights follow the gradient", func(e *Experiment) *string { return &e.Train.Optimizer }, oneOf("optimizer", []string{"adam", "adamw", "sgd", "nesterov", "adadelta"})),
	decimal("train.lr", "learning rate", 1e-9, 100, func(e *Experiment) *float64 { return &e.Train.LR }),
	decimal("train.momentum", "momentum of sgd and nesterov", 0, 0.9999, func(e *Experiment) *float64 { return &e.Train.Momentum }),
	decimal("train.decay", "weight decay", 0, 1, func(e *Experiment) *float64 { return &e.Train.Decay }),
	word("train.schedule", "how the learning rate follows the steps", func(e *Experiment) *string { return &e.Train.Schedule }, oneOf("schedule", []string{"constant", "cosine", "one-cycle"})),
	decimal("train.clip", "the norm to which a longer gradient is cut; 0: none is", 0, 1e9, func(e *Experiment) *float64 { return &e.Train.Clip }),
	whole("train.batch", "samples per step", 1, 4096, func(e *Experiment) *int { return &e.Train.Batch }),
	shared(whole("train.steps", "training steps", 0, 10_000_000, func(e *Experiment) *int { return &e.Train.Steps })),
	shared(whole("train.eval_every", "steps between two evaluations", 1, 10_000_000, func(e *Experiment) *int { return &e.Train.EvalEvery })),
	word("eval.padding", "the padding scheme of the trained network when it is tested; empty: its own", func(e *Experiment) *string { return &e.Eval.Padding },
		vocabulary{scheme.allow + ", or empty", func(s string) (string, error) {
			if s == "" {
				return "", nil
			}
			return scheme.parse(s)
		}}),
	shared(whole("eval.images", "test images that the last evaluation shows in every cell", 1, 1_000_000, func(e *Experiment) *int { return &e.Eval.Images })),
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
// mention, behind net.bias.
func (e *Experiment) fields(others ...*Experiment) []Field {
	mentioned := map[string]bool{}
	for _, x := range append(others, e) {
		for name := range x.Net.Layers {
			mentioned[name] = true
		}
	}
	var list []Field
	for _, f := range fields {
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
