package lab

import (
	"testing"
	"time"
)

// Runs that each have a crew of their own work at the same time, and find what they
// find alone.
func TestCrews(t *testing.T) {
	e := quick(t)
	want := canonical(t, finished(t, start(t, e, pool(t, 2), nil)))
	p := pool(t, 1)
	p.Crews(3)
	if p.Workers() != 1 {
		t.Errorf("%d workers", p.Workers())
	}
	turns, arrived, release := p.Turn(t.Context()), make(chan bool), make(chan bool)
	for range 3 { // each keeps its crew until all have one
		go turns.Do(1, func(int, int) {
			arrived <- true
			<-release
		})
	}
	for i := range 3 {
		select {
		case <-arrived:
		case <-time.After(20 * time.Second):
			t.Fatalf("three crews do not work at once, but %d", i)
		}
	}
	close(release)
	var runs []*Run
	for range 3 {
		runs = append(runs, start(t, e, p, nil))
	}
	for _, r := range runs {
		if got := canonical(t, finished(t, r)); got != want {
			t.Errorf("on three crews\n%s\nwant\n%s", got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a pool of no crew")
		}
	}()
	p.Crews(0)
}
