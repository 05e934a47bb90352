package view

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct{ got, want string }{
		{Score(0.61), ".61"}, {Score(0), ".00"}, {Score(-0.001), ".00"}, {Score(0.994), ".99"}, {Score(0.996), "1.0"}, {Score(1), "1.0"},
		{Score(-0.12), "-.12"}, {Score(-1), "-1.0"}, {Score(nan), "–"}, {Score(inf), "–"},
		{ScoreWithin(0.61, 0.58, 0.64), ".61 ±.03"}, {ScoreWithin(0.61, nan, 0.64), ".61"},
		{ScoreWithin(0.04, 0.0385, 0.18), ".04 ≤.18"}, {ScoreWithin(1, 0.96, 1), "1.0 ≥.96"}, {ScoreWithin(0.5, 0.498, 0.502), ".50 ±.00"}, {ScoreWithin(nan, 0, 1), "–"},
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1.0k"}, {Count(5120), "5.1k"}, {Count(9949), "9.9k"}, {Count(9950), "10k"},
		{Count(999499), "999k"}, {Count(999500), "1.0M"}, {Count(-5120), "-5.1k"}, {Count(math.MaxInt), "9.2E"}, {Count(math.MinInt), "-9.2E"},
		{Duration(4 * time.Second), "0:04"}, {Duration(59*time.Minute + 59*time.Second), "59:59"}, {Duration(3723 * time.Second), "1:02:03"},
		{Duration(-time.Second), "0:00"}, {Duration(100*time.Hour + 900*time.Millisecond), "100:00:00"},
		{Loss(3.891), "3.89"}, {Loss(0), "0"}, {Loss(12.36), "12.4"}, {Loss(0.0713), "0.071"}, {Loss(0.5), "0.50"}, {Loss(2e-5), "2e-5"},
		{Loss(512), "512"}, {Loss(5120), "5.1k"}, {Loss(7e12), "7e+12"}, {Loss(9e300), "9e+300"}, {Loss(-3.891), "-3.89"}, {Loss(nan), "–"}, {Loss(-inf), "–"},
		{tick(0), "0"}, {tick(1), "1"}, {tick(0.5), ".5"}, {tick(-0.5), "-.5"}, {tick(-20), "-20"}, {tick(-0.001), "0"}, {tick(0.25), ".25"}, {tick(1. / 49), ".02"}, {tick(1. / 196), ".0051"}, {tick(1e-9), "0"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestShares(t *testing.T) {
	for v, want := range map[float64]string{0.031: "+3.1 %", -1.5: "-150.0 %", 0: "0", math.Inf(1): "+∞", math.Inf(-1): "-∞"} {
		if got := Excess(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
	if Excess(math.NaN()) != Unknown || Figure(math.NaN()) != Unknown || Figure(0.0036512) != "0.00365" || Share(0.0699) != "7.0 %" {
		t.Error(Excess(math.NaN()), Figure(math.NaN()), Figure(0.0036512), Share(0.0699))
	}
}
