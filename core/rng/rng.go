// Package rng makes keyed random numbers. There is no shared stream anywhere
// in padlab: every draw belongs to a seed, a purpose and its place (a step, a
// sample, a tensor), so that changing one thing changes one thing, and the
// order in which workers happen to ask changes nothing.
package rng

import (
	"math/bits"
	"math/rand/v2"
)

// A Stream is the stream of one key. It is a value: copy it to fork it.
// The bits come from math/rand/v2's PCG, whose output is specified; everything
// derived from them is computed here, since the library's own derived methods
// may change between releases.
type Stream struct{ pcg rand.PCG }

// New returns the stream of (seed, purpose, keys).
func New(seed uint64, purpose string, keys ...uint64) Stream {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a, 64 bit
	h := uint64(offset)
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * prime
	}
	a := mix(seed ^ mix(h))
	for _, k := range keys {
		a = mix(a ^ mix(k+0x9e3779b97f4a7c15))
	}
	var s Stream
	s.pcg.Seed(a, mix(a+0x9e3779b97f4a7c15))
	return s
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// IntN returns a uniform integer in 0 … n−1 (Lemire's method, without bias).
// It panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic("rng: IntN needs n ≥ 1")
	}
	m := uint64(n)
	hi, lo := bits.Mul64(s.pcg.Uint64(), m)
	for lo < m && lo < -m%m {
		hi, lo = bits.Mul64(s.pcg.Uint64(), m)
	}
	return int(hi)
}

// Float32 returns a uniform multiple of 2⁻²⁴ in [0, 1).
func (s *Stream) Float32() float32 { return float32(s.pcg.Uint64()>>40) * 0x1p-24 }

// Uniform fills dst with draws from [−bound, bound).
func (s *Stream) Uniform(dst []float32, bound float32) {
	for i := range dst {
		dst[i] = bound * (2*s.Float32() - 1)
	}
}

// Normal returns a draw of mean 0 and variance 1: the sum of twelve uniform
// draws, less 6. Its distribution is that of Irwin and Hall, within 0.003 of
// the normal one and never beyond ±6; unlike other methods it needs no
// function whose last bits differ between machines.
func (s *Stream) Normal() float64 {
	sum := -6.0
	for range 12 {
		sum += float64(s.pcg.Uint64()>>11) * 0x1p-53
	}
	return sum
}

// Permutation fills p with 0 … len(p)−1 in an order that is uniform among all
// (Fisher and Yates, from the front: element i changes places with one of those
// from i on).
func (s *Stream) Permutation(p []int32) {
	for i := range p {
		p[i] = int32(i)
	}
	for i := range p {
		j := i + s.IntN(len(p)-i)
		p[i], p[j] = p[j], p[i]
	}
}
