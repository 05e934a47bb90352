package kernel

import "unsafe"

func neonDepthWise(p DepthWise, y, x, w, bias []float32) {
	if p.empty() {
		return
	}
	p.check(y, x, w, bias)
	s := newStrip(p)
	for r := range p.R {
		for m, n := 0, 0; m < p.M; m += n {
			n = pixelsOf(p.M - m)
			to, from := y[(r*p.M+m)*p.C:], x[r*p.AR+m*p.AM:]
			for c := 0; c < p.C; {
				left := p.C - c
				columns, channels := 1, 1
				switch {
				case left >= lanes:
					columns, channels = lanes, left&^(lanes-1)
				case left >= 2:
					columns, channels = 2, 2
				}
				rest := bias
				if bias != nil {
					rest = bias[c:]
				}
				s.begin(to[c:], from[c:], w[c:], rest, channels)
				depthWise128(n, columns, (*byte)(unsafe.Pointer(&s)))
				c += channels
			}
		}
	}
}
