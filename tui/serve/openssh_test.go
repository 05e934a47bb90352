package serve

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// openssh is a command of the real client to the server, which is bounded.
func (s *served) openssh(more ...string) (*exec.Cmd, func()) {
	path, err := exec.LookPath("ssh")
	if err != nil {
		s.t.Skip("there is no ssh")
	}
	host, port, _ := net.SplitHostPort(s.addr)
	ctx, stop := context.WithTimeout(context.Background(), 15*time.Second)
	args := append([]string{"-F", "none", "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"}, more...)
	for i, a := range args {
		if a == "HOST" {
			args[i] = host
		}
	}
	return exec.CommandContext(ctx, path, args...), stop
}

func TestOpenSSH(t *testing.T) {
	s := start(t, nil)
	cmd, stop := s.openssh("HOST", "echo", "one", "'two three'")
	defer stop()
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.HasPrefix(out.String(), "one|two three") || !strings.Contains(messages.String(), "done") {
		t.Errorf("%v, %q, %q", err, out.String(), messages.String())
	}

	cmd, stop = s.openssh("HOST", "cat")
	defer stop()
	cmd.Stdin = strings.NewReader(strings.Repeat("0123456789", 5000))
	got, _ := cmd.Output()
	if len(got) != 50000 {
		t.Errorf("%d bytes come back of 50000", len(got))
	}

	// A terminal of a client that has none itself is 0×0.
	cmd, stop = s.openssh("-tt", "HOST")
	defer stop()
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen := &person{t: t, keys: keys}
	cmd.Stdout = screen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.sees("nothing is trained here")
	keys.Write([]byte("\x03"))
	if err := cmd.Wait(); err != nil {
		t.Errorf("ctrl+c: %v", err)
	}
	soon(t, "80×24", func() bool { return s.logged("screen 80×24") })

	for _, refused := range [][]string{{"-s", "HOST", "sftp"}, {"-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "HOST"}, {"-W", "127.0.0.1:22", "HOST"}} {
		cmd, stop := s.openssh(refused...)
		if err := cmd.Run(); err == nil {
			t.Errorf("ssh %v works", refused)
		}
		stop()
	}
}
