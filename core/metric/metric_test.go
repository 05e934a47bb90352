package metric

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestNumbersInJSON(t *testing.T) {
	numbers := []Number{0.1, 1, 0, NaN, Number(math.Inf(1)), 1e-7}
	data, err := json.Marshal(numbers)
	if want := `[0.1,1,0,null,null,1e-07]`; err != nil || string(data) != want {
		t.Fatalf("%s, %v; want %s", data, err, want)
	}
	var back []Number
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(data) {
		t.Errorf("read and written again: %s, %v; want %s", again, err, data)
	}
	if back[3].Finite() || !back[0].Finite() {
		t.Errorf("read %v", back)
	}
	if err := json.Unmarshal([]byte(`["1"]`), &back); err == nil {
		t.Error("a text was read as a number")
	}
}

func TestResultsBothWays(t *testing.T) {
	key := Key{Metric: SPC, Target: "H", Images: "natural"}
	type all struct {
		Score   Score
		Profile Profile
		Map     Map
	}
	want := all{
		Score{Key: key, Value: .5, Low: -.1, High: .7, Interval: Interval{Photographs, 8}, N: 48, Chance: 0, Constant: 2},
		Profile{Key: key, Unit: "cells", Rings: []Point{
			{Distance: 0, N: 10, Value: .1, Low: .05, High: .2, Chance: .02},
			{Distance: 1, N: 4, Value: .2, Low: .1, High: .3, Interval: Interval{Seeds, 3}, Chance: .02},
		}},
		Map{Key: key, Rows: 1, Cols: 2, Values: []Number{.25, 1}},
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got all
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if err := got.Map.Check(); err != nil {
		t.Error(err)
	}
	got.Map.Cols = 3
	if got.Map.Check() == nil {
		t.Error("a map with too few values passes")
	}
}

func TestFind(t *testing.T) {
	list := []Score{
		{Key: Key{SPC, "H", "natural"}, Value: 1}, {Key: Key{SPC, "V", "natural"}, Value: 2},
		{Key: Key{SPC, "V", "black"}, Value: 3}, {Key: Key{Metric: Accuracy, Images: "test"}, Value: 4},
	}
	for asked, want := range map[Key]Number{
		{}: 1, {Metric: Accuracy}: 4, {Target: "V"}: 2, {Images: "black"}: 3, {SPC, "V", "natural"}: 2,
	} {
		if s, ok := Find(list, asked); !ok || s.Value != want {
			t.Errorf("%+v: %+v, %v", asked, s, ok)
		}
	}
	if s, ok := Find(list, Key{Metric: MAE}); ok {
		t.Errorf("found %+v", s)
	}
}

// Every row says what charts and forms need, and no name stands twice.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range All() {
		if m.Name == "" || m.Label == "" || m.About == "" || !(m.Low < m.High) || seen[m.Name] {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
	}
	if _, err := Parse("acuracy"); err == nil || err.Error() != `unknown metric "acuracy": did you mean "accuracy"?` {
		t.Error(err)
	}
	for _, name := range []string{Prediction, FlipDifference, WithoutTop} {
		if _, err := Parse(name); err == nil {
			t.Errorf("%s, which is no score's, passes for one's", name)
		}
	}
}
