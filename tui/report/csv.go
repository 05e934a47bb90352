package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"padlab/core/metric"
	"padlab/core/record"
)

// CSV writes one row per score, without a distance, and per ring: of every seed,
// and where there are several, of their mean, whose interval is over seeds.
func CSV(out io.Writer, result record.Result) {
	w := csv.NewWriter(out)
	w.Write([]string{"arm", "seed", "metric", "target", "images", "unit", "distance", "n", "value", "low", "high", "chance"})
	rows := func(arm, seed string, scores []metric.Score, profiles []metric.Profile) {
		for _, s := range scores {
			w.Write([]string{arm, seed, s.Metric, s.Target, s.Images, "", "", strconv.Itoa(s.N), cell(s.Value), cell(s.Low), cell(s.High), cell(s.Chance)})
		}
		for _, p := range profiles {
			for _, d := range p.Rings {
				w.Write([]string{arm, seed, p.Metric, p.Target, p.Images, p.Unit, strconv.Itoa(d.Distance), strconv.Itoa(d.N), cell(d.Value), cell(d.Low), cell(d.High), cell(d.Chance)})
			}
		}
	}
	for _, a := range result.Arms {
		seed := strconv.FormatUint(result.Experiment.Seed, 10)
		for _, s := range a.Seeds {
			rows(a.Name, strconv.FormatUint(s.Seed, 10), s.Scores, s.Profiles)
			seed = "mean"
		}
		rows(a.Name, seed, a.Scores, a.Profiles)
	}
	w.Flush()
}

// cell is empty for what is not finite.
func cell(n metric.Number) string {
	if !n.Finite() {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}
