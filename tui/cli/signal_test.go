//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"padlab/core/record"
)

// child is padlab in a process of its own, killed if it hangs.
func child(t *testing.T, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asChild+"=1")
	return c
}

// ended waits for a process.
func ended(t *testing.T, c *exec.Cmd) syscall.WaitStatus {
	t.Helper()
	kill := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer kill.Stop()
	err := c.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.Sys().(syscall.WaitStatus)
}

func start(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
}

// endless is a run that will not end by itself.
func endless(more ...string) []string {
	return tiny(append(more, "--set", "train.steps=10000000", "--set", "train.eval_every=100")...)
}

// Every signal that asks for it ends a run with what there is.
func TestSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		c := child(t, endless("--format", "json")...)
		var out bytes.Buffer
		c.Stdout = &out
		c.Stderr = when{"step ", sync.OnceFunc(func() { c.Process.Signal(signal) })}
		start(t, c)
		if status := ended(t, c); status.ExitStatus() != exitInterrupted {
			t.Errorf("%v: %v", signal, status)
		}
		var d documentShape
		decode(t, out.String(), &d)
		if d.Arms[0].Status != "stopped" {
			t.Errorf("%+v", d.Arms[0])
		}
	}
}

// A step that takes seconds is not waited for, and what was recorded is there.
func TestSignalInALongStep(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	c := child(t, "run", "where-am-i", "--set", "net.padding=zeros", "--set", "canvas.grid=3", "--set", "data.patch=64", "--set", "net.arch=small", "--set", "train.batch=1024", "--out", folder)
	var complaint bytes.Buffer
	c.Stderr = io.MultiWriter(&complaint, when{"step 0/", sync.OnceFunc(func() {
		time.Sleep(100 * time.Millisecond) // it is in the first step now
		c.Process.Signal(syscall.SIGINT)
	})})
	start(t, c)
	if status := ended(t, c); status.ExitStatus() != exitInterrupted || !strings.Contains(complaint.String(), "in the middle of a step") {
		t.Errorf("%v: %s", status, &complaint)
	}
	r, err := record.Open(folder)
	if err != nil || r.Ended() {
		t.Errorf("%+v, %v", r, err)
	}
	if events, err := os.ReadFile(filepath.Join(folder, "events.jsonl")); err != nil || !bytes.Contains(events, []byte(`"scores"`)) {
		t.Errorf("the evaluation before it is lost: %s, %v", events, err)
	}
}

// Someone who reads only the first line, as head -1 does, ends the run.
func TestReaderLeaves(t *testing.T) {
	c := child(t, endless("--format", "jsonl", "--quiet")...)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, c)
	if line, err := bufio.NewReaderSize(out, 16).ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"event":"start"`) {
		t.Errorf("%v: %s", err, line)
	}
	out.Close()
	if status := ended(t, c); status.Signal() != syscall.SIGPIPE || complaint.Len() > 0 {
		t.Errorf("%v: %s", status, &complaint)
	}
}

// The first signal ends the run, which then waits for someone to read its
// result; the second ends it at once.
func TestSecondSignal(t *testing.T) {
	nobody, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	filled := make(chan struct{})
	go func() { // until the last reader has gone
		defer close(filled)
		for err := error(nil); err == nil; {
			_, err = out.Write(make([]byte, 4096))
		}
	}()
	c := child(t, endless()...)
	training := make(chan struct{})
	c.Stdout, c.Stderr = out, when{"step ", sync.OnceFunc(func() { close(training) })}
	start(t, c)
	<-training
	begun := time.Now()
	for range 2 {
		c.Process.Signal(syscall.SIGINT)
		time.Sleep(500 * time.Millisecond)
	}
	if status := ended(t, c); status.Signal() != syscall.SIGINT || time.Since(begun) > 10*time.Second {
		t.Errorf("%v after %v", status, time.Since(begun))
	}
	nobody.Close()
	<-filled
	out.Close()
}

// One signal ends a command that waits for an experiment nobody types.
func TestSignalWhileReading(t *testing.T) {
	c := child(t, "run", "-")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	start(t, c)
	// The signal may come before the program listens for it; then it ends it
	// just the same, by the signal itself.
	if _, err := in.Write([]byte("title = ")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	c.Process.Signal(syscall.SIGINT)
	if status := ended(t, c); status.ExitStatus() != exitInterrupted && status.Signal() != syscall.SIGINT {
		t.Errorf("%v", status)
	}
}
