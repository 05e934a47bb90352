package probe

import (
	"fmt"
	"math"

	"padlab/core/border"
	"padlab/core/exact"
	"padlab/core/nn/kernel"
)

// Latents are what is left of pictures behind global pooling: of every image in
// every place a vector of D channels, its latent.
type Latents struct {
	Images, Places, Channels int

	Values []float32 // [image][place][channel]
	Class  []int     // of every image, from 0
}

// At is the latent of an image in a place.
func (l *Latents) At(image, place int) []float32 {
	from := (image*l.Places + place) * l.Channels
	return l.Values[from : from+l.Channels : from+l.Channels]
}

// Factors are what the channels of latents hold of where a picture is and of what
// it shows (Esser et al. 2020; Islam et al. 2021, whose code this follows).
//
// Of pairs (a, b) of pictures that share a factor f,
//
//	score_f = Σ_i E[(z^a_i − μ_f,i)·(z^b_i − μ_f,i)] / Σ_i Var(z_i)
//
// over the channels i of the latents z, where μ_f is the mean of both members over
// the pairs, and the variance is over all pictures. The code draws pairs; here the
// mean is over all pairs of two different images: in one place for the location,
// whatever they show, and of one class for the class, wherever they are. So where
// the place leaves no trace in the latents of n images, the score of the location is
// exactly −1/(n−1), the covariance of two draws without replacement.
//
// With 1 as the score of the residual, the D channels are
//
//	⌊D · softmax(score_location, score_class, 1)⌋
//
// dimensions of the two factors, and the remainder are the residual's. For scores from 0
// to 1 a share lies between 1/(1+2e) = .155 and e/(1+2e) = .422, so shares compare
// networks, and say little by themselves.
type Factors struct {
	Location, Class, Residual Factor // of the residual there is the share alone

	Images int // that intervals are over
}

// A Factor is what was found of one of them, with 95 % intervals over images by the
// jackknife. All is not-a-number where nothing varies, and then it has no dimension.
type Factor struct {
	Score, Low, High           float64
	Share, ShareLow, ShareHigh float64
	Dimensions                 int
	Neurons                    []float64 // the terms of the score, channel by channel
}

// FactorsOf computes them. It panics when the latents are not of at least two images,
// when no class has two, and when lengths do not fit.
func FactorsOf(crew *kernel.Crew, l *Latents) Factors {
	p := newPairs(l)
	scores := p.scores(-1)
	f := Factors{Images: l.Images}
	f.Location.Score, f.Class.Score = scores[0], scores[1]
	f.Location.Neurons, f.Class.Neurons = p.neurons()
	share := shares(scores)
	factors := [3]*Factor{&f.Location, &f.Class, &f.Residual}
	rest := l.Channels
	for i, s := range share {
		factors[i].Share = s
		if i < 2 && s-s == 0 {
			factors[i].Dimensions = int(float64(l.Channels) * s)
			rest -= factors[i].Dimensions
		}
	}
	if f.Residual.Share-f.Residual.Share == 0 {
		f.Residual.Dimensions = rest
	}
	var images []int // without which there are pairs of a class
	for image := range l.Images {
		if !p.alone(image) {
			images = append(images, image)
		}
	}
	without := make([][]float64, 5) // scores, then shares
	for i := range without {
		without[i] = make([]float64, len(images))
	}
	crew.Do(len(images), func(_, at int) {
		s := p.scores(images[at])
		without[0][at], without[1][at] = s[0], s[1]
		for i, v := range shares(s) {
			without[2+i][at] = v
		}
	})
	f.Location.Low, f.Location.High = border.JackknifeOf(f.Location.Score, without[0])
	f.Class.Low, f.Class.High = border.JackknifeOf(f.Class.Score, without[1])
	for i, one := range factors {
		one.ShareLow, one.ShareHigh = border.JackknifeOf(one.Share, without[2+i])
	}
	f.Residual.Score, f.Residual.Low, f.Residual.High = math.NaN(), math.NaN(), math.NaN()
	return f
}

// shares are softmax(score_location, score_class, 1).
func shares(scores [2]float64) (list [3]float64) {
	sum := 0.0
	for i, s := range [3]float64{scores[0], scores[1], 1} {
		list[i] = exact.Exp(s)
		sum += list[i]
	}
	for i := range list {
		list[i] /= sum
	}
	return list
}

// pairs are the sums over latents from which the means over all pairs follow. All are
// of the latents less their mean, so that little is lost where they cancel. An image
// is left out of the sums by taking its part away.
type pairs struct {
	*Latents
	classes int
	members []int     // of every class
	u       []float64 // [image][place][channel]: z less its mean
	mean    []float64 // [image][channel]: of u over the places
	place   []float64 // [place][channel]: Σ u over the images
	squares []float64 // [channel]: Σ u² over images and places
	class   []float64 // [class][channel]: Σ mean over its images
	own     []float64 // [class][channel]: Σ mean² over its images
}

func newPairs(l *Latents) *pairs {
	n, k, d := l.Images, l.Places, l.Channels
	if n < 2 || k < 1 || d < 1 || len(l.Values) != n*k*d || len(l.Class) != n {
		panic(fmt.Sprintf("probe: %d latents of %d images in %d places, %d channels, %d classes", len(l.Values), n, k, d, len(l.Class)))
	}
	p := &pairs{Latents: l, u: make([]float64, n*k*d), mean: make([]float64, n*d), place: make([]float64, k*d), squares: make([]float64, d)}
	for _, y := range l.Class {
		p.classes = max(p.classes, y+1)
	}
	p.members = make([]int, p.classes)
	twice := false
	for _, y := range l.Class {
		p.members[y]++
		twice = twice || p.members[y] == 2
	}
	if !twice {
		panic("probe: no two images of one class")
	}
	p.class, p.own = make([]float64, p.classes*d), make([]float64, p.classes*d)
	centre := make([]float64, d)
	for i, v := range l.Values {
		centre[i%d] += float64(v)
	}
	for i, v := range l.Values {
		u := float64(v) - centre[i%d]/float64(n*k)
		p.u[i] = u
		image, place := i/(k*d), i/d%k
		p.mean[image*d+i%d] += u / float64(k)
		p.place[place*d+i%d] += u
		p.squares[i%d] += float64(u * u)
	}
	for i, m := range p.mean {
		at := l.Class[i/d]*d + i%d
		p.class[at] += m
		p.own[at] += float64(m * m)
	}
	return p
}

// alone reports whether no class has two images without this one.
func (p *pairs) alone(image int) bool {
	for y, m := range p.members {
		if y == p.Class[image] {
			m--
		}
		if m > 1 {
			return false
		}
	}
	return true
}

// scores are those of location and class, without one image, −1 for none.
func (p *pairs) scores(without int) (s [2]float64) {
	location, class, variance := 0.0, 0.0, 0.0
	for c := range p.Channels {
		l, y, v := p.terms(c, without)
		location, class, variance = location+l, class+y, variance+v
	}
	if variance == 0 {
		return [2]float64{math.NaN(), math.NaN()}
	}
	return [2]float64{location / variance, class / variance}
}

// neurons are the terms of both scores.
func (p *pairs) neurons() (location, class []float64) {
	variance := 0.0
	for c := range p.Channels {
		l, y, v := p.terms(c, -1)
		location, class, variance = append(location, l), append(class, y), variance+v
	}
	for c := range p.Channels {
		location[c], class[c] = location[c]/variance, class[c]/variance
	}
	return location, class
}

// terms are the mean products over the pairs of both factors, and the variance, of
// one channel, without one image. With sums S of n numbers u around their old mean,
// Q of their squares, and μ the new one,
//
//	Σ_{a≠b} (u_a − μ)(u_b − μ) = (S − nμ)² − (Q − 2μS + nμ²)
func (p *pairs) terms(c, without int) (location, class, variance float64) {
	n, k, d := p.Images, p.Places, p.Channels
	square, total := p.squares[c], 0.0
	left := func(place int) float64 { return 0 } // what is taken from a place
	if without >= 0 {
		n--
		left = func(place int) float64 { return p.u[(without*k+place)*d+c] }
		for place := range k {
			square -= float64(left(place) * left(place))
		}
	}
	for place := range k {
		total += p.place[place*d+c] - left(place)
	}
	centre := total / float64(n*k)
	variance = max(0, square/float64(n*k)-float64(centre*centre))
	sum := 0.0 // Σ over places of (S − nμ)²
	for place := range k {
		s := p.place[place*d+c] - left(place) - float64(float64(n)*centre)
		sum += float64(s * s)
	}
	apart := square - float64(float64(n*k)*centre*centre) // Σ (u − μ)² over all
	if n > 1 {
		location = (sum - apart) / float64(k*n*(n-1))
	} else {
		location = math.NaN()
	}

	// Every image has as many pairs as its class has others.
	sumOf := func(y int) (s, q float64, m int) {
		s, q, m = p.class[y*d+c], p.own[y*d+c], p.members[y]
		if without >= 0 && p.Class[without] == y {
			v := p.mean[without*d+c]
			s, q, m = s-v, q-float64(v*v), m-1
		}
		return s, q, m
	}
	weighted, count := 0.0, 0
	for y := range p.classes {
		s, _, m := sumOf(y)
		weighted += float64(float64(max(m-1, 0)) * s)
		count += m * max(m-1, 0)
	}
	centre = weighted / float64(count)
	for y := range p.classes {
		s, q, m := sumOf(y)
		if m < 2 {
			continue
		}
		t := s - float64(float64(m)*centre)
		class += float64(t*t) - (q - float64(2*centre*s) + float64(float64(m)*centre*centre))
	}
	return location, class / float64(count), variance
}
