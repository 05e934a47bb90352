package view

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Unknown stands for a number that is not there: not-a-number or infinite.
const Unknown = "–"

// Score returns a score of about −1 … 1 with two decimals and no leading zero:
// ".61", "-.12", "1.0".
func Score(v float64) string {
	if !finite(v) {
		return Unknown
	}
	s := strconv.FormatFloat(v, 'f', 2, 64)
	switch {
	case s == "0.00" || s == "-0.00":
		return ".00"
	case strings.HasPrefix(s, "0."):
		return s[1:]
	case strings.HasPrefix(s, "-0."):
		return "-" + s[2:]
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// ScoreWithin returns a score with half the width of its interval, ".61 ±.03",
// or, when the interval lies more than four fifths on one side of it, with
// that end: ".04 ≤.18", "1.0 ≥.96". Without an interval it is Score.
func ScoreWithin(v, low, high float64) string {
	if !finite(v) || !finite(low) || !finite(high) {
		return Score(v)
	}
	switch below, above := v-low, high-v; {
	case above > 4*below:
		return Score(v) + " ≤" + Score(high)
	case below > 4*above:
		return Score(v) + " ≥" + Score(low)
	}
	return Score(v) + " ±" + Score(high/2-low/2)
}

// Share returns a part of a whole: "7.0 %".
func Share(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }

// Excess returns by how much something is more or less than another, as a part
// of that: "+3.1 %", "-∞".
func Excess(v float64) string {
	switch {
	case math.IsNaN(v):
		return Unknown
	case math.IsInf(v, 1):
		return "+∞"
	case math.IsInf(v, -1):
		return "-∞"
	case v == 0:
		return "0"
	case v > 0:
		return "+" + Share(v)
	}
	return Share(v)
}

// Figure returns a number with three digits: "0.00365".
func Figure(v float64) string {
	if math.IsNaN(v) {
		return Unknown
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Count returns a number of things in at most five columns: "812", "5.1k",
// "51k", "2.4M".
func Count(n int) string {
	v, unit := float64(n), ""
	for _, u := range [...]string{"k", "M", "G", "T", "P", "E"} {
		if math.Abs(v) < 999.5 {
			break
		}
		v, unit = v/1000, u
	}
	decimals := 0
	if unit != "" && math.Abs(v) < 9.95 {
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + unit
}

// Duration returns a time span in minutes and seconds, "0:04", with hours when
// there are any, "1:02:03". Parts of a second are dropped; a negative span is
// "0:00".
func Duration(d time.Duration) string {
	s := max(0, int64(d/time.Second))
	two := func(n int64) string { return strconv.FormatInt(n/10, 10) + strconv.FormatInt(n%10, 10) }
	if s < 3600 {
		return strconv.FormatInt(s/60, 10) + ":" + two(s%60)
	}
	return strconv.FormatInt(s/3600, 10) + ":" + two(s/60%60) + ":" + two(s%60)
}

// Loss returns a loss with about three digits: "3.89", "12.4", "0.071",
// "2e-5", "5.1k", "7e+12".
func Loss(v float64) string {
	switch m := math.Abs(v); {
	case !finite(v):
		return Unknown
	case m == 0:
		return "0"
	case m < 0.001 || m >= 999.5e6:
		s := strconv.FormatFloat(v, 'e', 0, 64)
		return strings.Replace(strings.Replace(s, "e-0", "e-", 1), "e+0", "e+", 1)
	case m < 0.0995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case m < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case m < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return Count(int(math.Round(v)))
}

// tick returns a number on an axis as short as it can be: "1", ".5", "-.5",
// ".02", ".0051".
func tick(v float64) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	if v > 0 && v < 0.01 {
		s = strconv.FormatFloat(v, 'f', 4, 64)
	}
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "0" || s == "" {
		return "0"
	}
	s = strings.TrimPrefix(s, "0")
	if v < 0 {
		return "-" + s
	}
	return s
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
