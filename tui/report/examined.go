package report

import (
	"fmt"
	"strings"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/core/task"
)

// An Examined is a score with the way in which its test pictures were made.
type Examined struct {
	task.Examination
	At int // its place among the ways of the experiment
	metric.Score
}

// ExaminedBy returns the accuracy in each way in which test pictures were made, in the
// order of the experiment: nothing where there is but one.
func ExaminedBy(e *experiment.Experiment, scores []metric.Score) (list []Examined) {
	for i, x := range e.Examinations() {
		if s, ok := metric.Find(scores, metric.Key{Metric: metric.Accuracy, Images: x.Images}); ok {
			list = append(list, Examined{x, i, s})
		}
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

// examinations is the table of what all arms score in each of these ways; it has no
// rows where there is one.
func examinations(result record.Result) Table {
	ways := result.Experiment.Examinations()
	rows := Table{{"arm"}}
	for _, x := range ways {
		rows[0] = append(rows[0], x.Words)
	}
	for _, a := range result.Arms {
		list := ExaminedBy(result.Experiment, a.Scores)
		if list == nil {
			continue
		}
		row := make([]string, 1+len(ways))
		row[0] = a.Name
		for _, s := range list {
			row[1+s.At] = withInterval(s.Value, s.Low, s.High)
		}
		rows.Add(row...)
	}
	return rows
}

// moved says what it does to an arm that test pictures are made otherwise than those
// that it was trained on; nothing where they are made in one way.
func moved(e *experiment.Experiment, a record.Arm, name string) string {
	list := ExaminedBy(e, a.Scores)
	if list == nil {
		return ""
	}
	first, same := list[0], true
	var others []string
	for _, s := range list[1:] {
		same = same && s.Value == first.Value
		others = append(others, fmt.Sprintf("%s %s", percent(s.Value), s.Words))
	}
	if same {
		return fmt.Sprintf("%s is right in %s however it is examined: the place makes no difference to it.", name, percent(first.Value))
	}
	return fmt.Sprintf("%s is right in %s %s, %s.", name, percent(first.Value), first.Words, strings.Join(others, ", "))
}
