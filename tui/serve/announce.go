package serve

import (
	"fmt"
	"io"
	"net"
	"strings"

	"rsc.io/qr"
)

// Line is what a client types to come to a listener, and its address as a link. Where
// the listener takes any address of this machine, the line has one that others can
// reach.
func Line(a net.Addr) (line, link string) {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "ssh " + a.String(), "ssh://" + a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = reachable()
	}
	link = "ssh://" + net.JoinHostPort(host, port)
	if port == "22" {
		return "ssh " + host, link
	}
	return "ssh -p " + port + " " + host, link
}

// reachable is an address of this machine on its network, IPv4 first.
func reachable() string {
	list, err := net.InterfaceAddrs()
	found := ""
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if err != nil || !ok || !n.IP.IsGlobalUnicast() {
			continue
		}
		if n.IP.To4() != nil {
			return n.IP.String()
		}
		if found == "" {
			found = n.IP.String()
		}
	}
	if found == "" {
		return "localhost"
	}
	return found
}

// Loopback reports whether a listener can be reached from this machine only.
func Loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// QR draws a text as a QR code for terminals, two of its squares a character, dark on
// light whatever the terminal's colours are.
func QR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return err
	}
	const margin = 2
	dark := func(x, y int) bool { return code.Black(x, y) } // outside, nothing is
	for y := -margin; y < code.Size+margin; y += 2 {
		var b strings.Builder
		for x := -margin; x < code.Size+margin; x++ {
			top, bottom := dark(x, y), dark(x, y+1)
			switch {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		if _, err := fmt.Fprintf(w, "\x1b[30;47m%s\x1b[0m\n", b.String()); err != nil {
			return err
		}
	}
	return nil
}
