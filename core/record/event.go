package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"padlab/core/experiment"
	"padlab/core/metric"
)

// The events of a run, a line of JSON each: one Start, an Eval for every
// evaluation of an arm, and one End.

// A Start tells what is run.
type Start struct {
	Event      string                 `json:"event"`
	Schema     int                    `json:"schema"`
	Experiment *experiment.Experiment `json:"experiment"`
	Warnings   []string               `json:"warnings"`
}

// An Eval tells what an evaluation of an arm has found.
type Eval struct {
	Event    string           `json:"event"`
	Arm      string           `json:"arm"`
	Step     int              `json:"step"`
	Scores   []metric.Score   `json:"scores"`
	Profiles []metric.Profile `json:"profiles"`
	Maps     []metric.Map     `json:"maps"`
}

// An End is the result.
type End struct {
	Event string `json:"event"`
	Result
}

// StartOf, EvalOf and EndOf are the events as lines.
func StartOf(e *experiment.Experiment, warnings []string) []byte {
	return line(Start{"start", Schema, e, append([]string{}, warnings...)})
}

func EvalOf(a Arm) []byte {
	return line(Eval{"eval", a.Name, a.EvalStep, a.Scores, a.Profiles, a.Maps})
}

func EndOf(r Result) []byte { return line(End{"result", r}) }

func line(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("record: " + err.Error())
	}
	return append(data, '\n')
}

// ReadEvents reads lines: what it returns are Start, Eval and End values. A last
// line without an end, which a killed run leaves behind, is not read.
func ReadEvents(name string, data []byte) ([]any, error) {
	var list []any
	for number := 1; ; number++ {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return list, nil
		}
		data = rest
		var head struct {
			Event  string `json:"event"`
			Schema int    `json:"schema"`
		}
		var event any
		err := json.Unmarshal(text, &head)
		if err == nil {
			switch head.Event {
			case "start":
				if err = checkSchema(name, head.Schema); err != nil {
					return nil, err
				}
				event, err = read[Start](text)
			case "eval":
				event, err = read[Eval](text)
			case "result":
				event, err = read[End](text)
			default:
				err = fmt.Errorf("no event is called %q", head.Event)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		list = append(list, event)
	}
}

func read[T any](text []byte) (v T, err error) {
	err = json.Unmarshal(text, &v)
	return v, err
}
