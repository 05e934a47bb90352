package experiment

import "strconv"

// A Line is the arms that agree in everything but one number.
type Line struct {
	Label string    // in what they agree, in words
	Arms  []int     // by the place that Expand gives them
	At    []float64 // the number of each
}

// Lines returns the first number that takes at least three values, with the arms in
// lines along it; none when no number does, or arms are spelled out.
func (e *Experiment) Lines() (f Field, lines []Line) {
	if len(e.Arms) > 0 {
		return f, nil
	}
	for at, v := range e.Vary {
		f, err := FieldOf(v.Key)
		if err != nil || f.Kind != Integer && f.Kind != Float || len(v.Values) < 3 {
			continue
		}
		step, all := 1, 1 // arms between two values, and in all
		for i, w := range e.Vary {
			if i > at {
				step *= len(w.Values)
			}
			all *= len(w.Values)
		}
		for arm := range all {
			if arm/step%len(v.Values) > 0 {
				continue
			}
			line := Line{Label: e.others(arm, at)}
			for i, text := range v.Values {
				x, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return Field{}, nil
				}
				line.Arms, line.At = append(line.Arms, arm+i*step), append(line.At, x)
			}
			lines = append(lines, line)
		}
		return f, lines
	}
	return Field{}, nil
}

// others names an arm by what varies besides one key.
func (e *Experiment) others(arm, but int) (label string) {
	for i := len(e.Vary) - 1; i >= 0; i-- {
		v := e.Vary[i]
		if i != but {
			word := Arm{Experiment: e}.inWords(v.Key, v.Values[arm%len(v.Values)])
			if label != "" {
				word += ", " + label
			}
			label = word
		}
		arm /= len(v.Values)
	}
	if label == "" {
		return "all"
	}
	return label
}
