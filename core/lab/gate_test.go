package lab

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// Who comes first trains first; who waits knows where he stands; who goes makes room
// for those behind.
func TestGate(t *testing.T) {
	ctx := context.Background()
	g := NewGate(2)
	none := func(int, int) { t.Error("nobody waits") }
	first, second := g.Seat(), g.Seat()
	leave, err := first.Enter(ctx, none)
	if err != nil {
		t.Fatal(err)
	}
	again, err := first.Enter(ctx, none) // what takes its place
	if err != nil {
		t.Fatal(err)
	}
	other, err := second.Enter(ctx, none)
	if err != nil {
		t.Fatal(err)
	}

	type waiter struct {
		place atomic.Value
		in    chan func()
		stop  context.CancelFunc
	}
	var queue []*waiter
	for i := range 3 {
		ctx, stop := context.WithCancel(ctx)
		w := &waiter{in: make(chan func(), 1), stop: stop}
		queue = append(queue, w)
		go func() {
			leave, err := g.Seat().Enter(ctx, func(place, of int) { w.place.Store(fmt.Sprint(place, " of ", of)) })
			if errors.Is(err, context.Canceled) {
				close(w.in)
				return
			}
			w.in <- leave
		}()
		comes(t, func() bool { return w.place.Load() == fmt.Sprint(i+1, " of ", i+1) })
	}
	leave()
	leave() // twice is once
	if len(queue[0].in) > 0 {
		t.Error("a place is free while its run goes on in another")
	}
	queue[1].stop()
	comes(t, func() bool { return queue[2].place.Load() == "2 of 2" })
	again()
	last := <-queue[0].in
	comes(t, func() bool { return queue[2].place.Load() == "1 of 1" })
	other()
	(<-queue[2].in)()
	last()
	if g.free != 2 || len(g.queue) != 0 {
		t.Errorf("in the end %d places are free and %d wait", g.free, len(g.queue))
	}

	for range maxRunsEach {
		leave, err := first.Enter(ctx, none)
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	if _, err := first.Enter(ctx, none); err == nil {
		t.Error("one person has any number of runs")
	}
}

func comes(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}

// All runs together take no more memory than there is, and what one took is there
// again when it has ended.
func TestCommonMemory(t *testing.T) {
	p := pool(t, 2)
	p.LimitAll(1 << 40)
	e := quick(t, "train.steps=1000000")
	run, err := Start(context.Background(), p, e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	need := run.memory.Taken()
	if need <= 0 {
		t.Fatalf("a run takes %d bytes", need)
	}
	run.Stop()
	<-run.Done()

	p = pool(t, 2)
	p.LimitAll(need * 3 / 2)
	one, err := Start(context.Background(), p, e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	one.Pause()
	if _, err := Start(context.Background(), p, e, Options{}); err == nil {
		t.Error("two runs share the memory of one and a half")
	}
	if _, _, err := Estimate(context.Background(), p, e, 0); err == nil {
		t.Error("a third one would fit")
	}
	one.Stop()
	<-one.Done()
	for range 3 {
		if _, _, err := Estimate(context.Background(), p, e, 0); err != nil {
			t.Error(err)
		}
	}
}
