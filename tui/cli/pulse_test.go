//go:build unix

package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A command that is silent says what it does, once and then rarely, whatever begins
// and ends meanwhile; one that speaks is left alone.
func TestPulse(t *testing.T) {
	var said bytes.Buffer
	p := &pulse{to: &said}
	s := &session{pulse: p, err: p}
	at := time.Now()
	after := func(d time.Duration, want string) {
		t.Helper()
		said.Reset()
		p.look(at.Add(d))
		if got := said.String(); got != want {
			t.Errorf("after %v: %q, want %q", d, got, want)
		}
	}
	quiet := func() { p.wrote = at }

	quiet()
	after(time.Hour, "") // nothing is done

	all := s.doing("working")
	quiet()
	p.works[0].began = at
	after(silence-1, "")
	after(silence, "padlab: working\n")
	after(silence+patient-1, "")
	after(2*patient, "padlab: working, for 0:20 now\n")

	quiet()
	inner := s.doing("reading %s", "a\x1b]b")
	p.works[1].began = at.Add(silence)
	after(2*silence-1, "") // it has not taken long
	after(2*silence, "padlab: reading a ]b\n")
	inner.now("step 3")
	after(4*patient, "padlab: step 3\n")
	after(5*patient, "padlab: step 3, for 0:49 now\n")
	inner.done()
	after(5*patient+1, "") // something was said just now
	after(6*patient, "padlab: working, for 1:00 now\n")

	p.works[0].said, p.wrote = "", at
	p.wrote = at.Add(time.Second)
	after(time.Second+silence-1, "") // something was said elsewhere
	said.Reset()
	s.logf("hello")
	if said.String() != "padlab: hello\n" || p.wrote.Before(at) {
		t.Error("what is said is not passed on, or not noticed")
	}

	p.wrote = at
	p.hush()
	after(time.Hour, "")
	all.done()
	if len(p.works) != 0 {
		t.Error("work that never ends")
	}
}

// Whoever waits for padlab, while padlab waits for him, is told.
func TestSilenceIsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	t.Parallel()
	c := child(t, "run", "-", "--data", tinyDir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 1)
	c.Stderr = when{"padlab: reading an experiment from the standard input", func() { told <- struct{}{} }}
	start(t, c)
	select {
	case <-told:
	case <-time.After(time.Minute):
		c.Process.Kill()
		t.Fatal("silence")
	}
	in.Write([]byte(strings.ReplaceAll(tinyText, "steps = ", "steps = x")))
	in.Close()
	if status := ended(t, c); status.ExitStatus() != exitUsage {
		t.Error(status)
	}
}
