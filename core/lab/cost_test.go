package lab

import (
	"testing"
	"time"
)

// An estimate leaves the pool as it was, and says what limits would refuse.
func TestEstimate(t *testing.T) {
	p := pool(t, 1)
	e := quick(t)
	cost, _, err := Estimate(t.Context(), p, e, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if cost.Bytes <= 0 || cost.Time <= 0 || cost.Stages {
		t.Errorf("%+v", cost)
	}
	e.Seeds = 3
	more, _, err := Estimate(t.Context(), p, e, 50*time.Millisecond)
	if err != nil || more.Bytes <= cost.Bytes {
		t.Errorf("three seeds take %+v, one %+v: %v", more, cost, err)
	}
	run, err := Start(t.Context(), p, e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	<-run.Done()
	if s := run.Snapshot().Status; s != Done {
		t.Error(s)
	}
	p.Limit(cost.Bytes - 1)
	if _, _, err := Estimate(t.Context(), p, e, time.Millisecond); err == nil {
		t.Error("what needs more memory than there is has an estimate")
	}
}
