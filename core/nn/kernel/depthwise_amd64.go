package kernel

import "unsafe"

func (x *extension) depthWise(p DepthWise, y, in, w, bias []float32) {
	if p.empty() {
		return
	}
	p.check(y, in, w, bias)
	s := newStrip(p)
	whole := p.C &^ (x.lanes - 1)
	if left := p.C - whole; x.lanes == 16 {
		s.mask = 1<<left - 1
	} else {
		s.mask = uintptr(unsafe.Pointer(&lanes256[8-left]))
	}
	for r := range p.R {
		for m, n := 0, 0; m < p.M; m += n {
			n = pixelsOf(p.M - m)
			to, from := y[(r*p.M+m)*p.C:], in[r*p.AR+m*p.AM:]
			if whole > 0 {
				s.begin(to, from, w, bias, whole)
				x.strip(&s, n, false)
			}
			if whole < p.C {
				rest := bias
				if bias != nil {
					rest = bias[whole:]
				}
				s.begin(to[whole:], from[whole:], w[whole:], rest, p.C-whole)
				x.strip(&s, n, true)
			}
		}
	}
}

// strip computes one of 8, 4, 2 or 1 pixels: a direct call, because the argument of an
// indirect one would have to live on the heap.
func (x *extension) strip(s *strip, pixels int, masked bool) {
	t := (*byte)(unsafe.Pointer(s))
	switch {
	case x.lanes == 16 && masked:
		switch pixels {
		case 8:
			depthWise512x8mask(t)
		case 4:
			depthWise512x4mask(t)
		case 2:
			depthWise512x2mask(t)
		default:
			depthWise512x1mask(t)
		}
	case x.lanes == 16:
		switch pixels {
		case 8:
			depthWise512x8(t)
		case 4:
			depthWise512x4(t)
		case 2:
			depthWise512x2(t)
		default:
			depthWise512x1(t)
		}
	case masked:
		switch pixels {
		case 8:
			depthWise256x8mask(t)
		case 4:
			depthWise256x4mask(t)
		case 2:
			depthWise256x2mask(t)
		default:
			depthWise256x1mask(t)
		}
	default:
		switch pixels {
		case 8:
			depthWise256x8(t)
		case 4:
			depthWise256x4(t)
		case 2:
			depthWise256x2(t)
		default:
			depthWise256x1(t)
		}
	}
}
