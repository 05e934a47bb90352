package app

import (
	"context"

	"padlab/core/experiment"
)

// A Sheet is the keys of one screen.
type Sheet struct {
	Screen string
	Keys   [][2]string // what is pressed, and what for
}

// Sheets are the keys of all screens, from the tables that bind them.
func Sheets() []Sheet {
	preset := Preset{Name: "preset", Experiment: experiment.Default()}
	lab := newLab(&Host{}, Session{First: preset})
	train := func(*experiment.Experiment) effect { return effect{} }
	inspection := &inspection{lab: lab, ctx: context.Background(), cancel: func() {}}
	page := func(n int) screen {
		p := *inspection
		p.page = n
		return &p
	}
	var list []Sheet
	known := map[string]bool{}
	add := func(name string, s screen) {
		sheet := Sheet{Screen: name}
		for _, k := range s.keys() {
			text := k.help
			if text == "" {
				text = k.hint
			}
			if text == "" || known[k.label()+text] {
				continue
			}
			if s == screen(lab) {
				known[k.label()+text] = true // elsewhere it is the same
			}
			sheet.Keys = append(sheet.Keys, [2]string{k.label(), text})
		}
		list = append(list, sheet)
	}
	add("Lab", lab)
	class := NewClass()
	class.Exercise = &Exercise{Preset: preset}
	watcher := newLab(&Host{}, Session{First: preset, Class: class})
	watcher.watches = 1
	add("Lab, in a class", watcher)
	add("Lab, in a class, with a run of your own", newLab(&Host{}, Session{First: preset, Class: class}))
	add("Lab, of a class's teacher", newLab(&Host{}, Session{First: preset, Class: class, Teaches: true}))
	add("Edit (e)", newForm(lab.host, preset, preset.Experiment, nil, train))
	add("Schemes (a)", newSchemePicker(preset.Experiment, train))
	add("Presets (p)", newPresetPicker(lab.host, nil, "", nil))
	add("Runs (o)", newRuns(lab))
	add("Inside: padding (i)", page(paddingPage))
	add("Inside: kernel", page(kernelPage))
	add("Inside: maps", page(mapsPage))
	add("Inside: layers and the rest", page(reports))
	add("Help (?)", newHelp(nil, nil))
	return list
}
