package border

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"padlab/core/exact"
)

// Proportion returns the mean of values in [0, 1], one per image, with its 95 %
// interval over images. Each value is the share of hits among so many trials,
// which may depend on each other: 1 if an image either hits or misses.
//
// The interval is Clopper and Pearson's for n* trials in place of n images
// (Korn and Graubard 1998, Survey Methodology 24:193), where
//
//	n* = p(1−p)·n/(n−1) / var(p) · (t(n·trials−1) / t(n−1))²,  in n … n·trials,
//
// is how many independent trials would tell as much: var(p) = s²/n, and t are
// Student's quantiles. Of one trial per image, and where images hit or miss as
// wholes, n* = n.
//
// Besides, some images may be unlike all n that were seen: if a share
// w = 1 − .025^(1/n) is, n images without one have a chance of 2.5 %. They may
// score anything, so the interval reaches at least from p − w·p to p + w·(1−p);
// without a hit, from 0 to w, where Clopper and Pearson's ends for n trials.
//
// With fewer than two images low and high are NaN. It panics without values or
// trials.
func Proportion(values []float64, trials int) (mean, low, high float64) {
	if trials < 1 {
		panic(fmt.Sprintf("border: shares of %d trials", trials))
	}
	mean, variance := moments(values)
	if len(values) == 1 {
		return mean, math.NaN(), math.NaN()
	}
	low, high = bounded(mean, variance, 0, 1, len(values), len(values)-1, trials)
	return mean, low, high
}

// moments are the mean of values, one per image, and the variance of that mean,
// s²/n: exactly v and 0 where all are v. It panics without values.
func moments(values []float64) (mean, variance float64) {
	if len(values) == 0 {
		panic("border: an interval of no values")
	}
	if !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] }) {
		return values[0], 0
	}
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n
	for _, v := range values {
		variance += float64((v - mean) * (v - mean))
	}
	return mean, variance / (n - 1) / n
}

// bounded is the interval of [Proportion] around a value in [from, to] that has
// this variance with so many degrees of freedom, over images with so many trials
// each.
func bounded(value, variance, from, to float64, images, degrees, trials int) (low, high float64) {
	n := float64(images)
	return boundedBy(value, variance, from, to, images, degrees, n, n*float64(trials))
}

// boundedBy is bounded where images have different numbers of trials: all of them
// tell as much as at least so many images, and at most so many trials, that do not
// depend on each other.
func boundedBy(value, variance, from, to float64, images, degrees int, least, most float64) (low, high float64) {
	n, size := float64(images), to-from
	p := (value - from) / size
	effective := most
	if variance > 0 {
		t := quantile(int(most)-1) / quantile(degrees)
		effective = math.Min(effective, math.Max(least, p*(1-p)*(n/(n-1))*size*size/variance*t*t))
	}
	w := unseen(least)
	below := func(p float64) float64 { return math.Min(leastShare(p*effective, effective), p-float64(w*p)) }
	return from + float64(size*below(p)), to - float64(size*below(1-p))
}

// unseen is w = 1 − .025^(1/n): if a larger share of all images is of some kind,
// n of them without one of that kind have a chance below 2.5 %.
func unseen(images float64) float64 { return 1 - exact.Exp(exact.Log(tail)/images) }

// IntervalIn returns the mean of values in [from, to], one per image, with its
// 95 % interval: mean ± t·s/√n, Student's t with n−1 degrees of freedom, cut
// to [from, to], either of which may be infinite.
//
// When all n images score the same v, s = 0 says nothing about the images that
// were not seen. Then the interval allows for a share w of them to score
// anything, as [Proportion] does: from v(1−w) + w·from to v(1−w) + w·to. With an
// infinite bound nothing can be allowed for, and low and high are v.
//
// With fewer than two images low and high are NaN. It panics without values.
//
// Products are rounded before they are added (the conversions see to it), so
// that all machines agree.
func IntervalIn(values []float64, from, to float64) (mean, low, high float64) {
	mean, variance := moments(values)
	if len(values) == 1 {
		return mean, math.NaN(), math.NaN()
	}
	if variance == 0 {
		if math.IsInf(from, 0) || math.IsInf(to, 0) {
			return mean, mean, mean
		}
		w := unseen(float64(len(values)))
		low = float64(mean*(1-w)) + float64(w*from)
		return mean, low, low + float64(w*(to-from))
	}
	half := float64(quantile(len(values)-1) * math.Sqrt(variance))
	return mean, math.Max(from, mean-half), math.Min(to, mean+half)
}

// Grouped is IntervalIn over groups: the values of one group, such as the crops
// of one photograph, depend on each other, so that each group counts once, by
// its own mean. Value i belongs to group[i]; groups are numbered from 0, and
// those without a value are left out. It panics when the lengths differ.
func Grouped(values []float64, group []int, from, to float64) (mean, low, high float64) {
	if len(values) != len(group) {
		panic(fmt.Sprintf("border: %d values in %d groups", len(values), len(group)))
	}
	var sums []float64
	var counts []int
	for i, v := range values {
		for len(sums) <= group[i] {
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[group[i]] += v
		counts[group[i]]++
	}
	var means []float64
	for g, n := range counts {
		if n > 0 {
			means = append(means, sums[g]/float64(n))
		}
	}
	return IntervalIn(means, from, to)
}

// jackknife is what the values θ₍ᵢ₎ of a score without image i say of it
// (Tukey 1958): their mean θ̄, and half the length of its 95 % interval, t·se with
// se² = (n−1)/n · Σ (θ₍ᵢ₎ − θ̄)².
func jackknife(without []float64) (mean, half float64) {
	n := float64(len(without))
	for _, v := range without {
		mean += v / n
	}
	squares := 0.0
	for _, v := range without {
		squares += float64((v - mean) * (v - mean))
	}
	return mean, float64(quantile(len(without)-1) * math.Sqrt((n-1)/n*squares))
}

// quantile is the 97.5 % point of Student's t. It is rounded to nine decimals,
// because the library's last bits depend on the CPU.
func quantile(degrees int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(0.975)
	return math.Round(t*1e9) / 1e9
}
