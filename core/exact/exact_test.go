package exact

import (
	"math"
	"math/big"
	"testing"
)

// exp against a reference of 200 bits: the Taylor series of x/2¹⁰, squared
// ten times.
func bigExp(x float64) *big.Float {
	z := new(big.Float).SetPrec(200).SetFloat64(x)
	z.SetMantExp(z, -10)
	sum, term := big.NewFloat(1).SetPrec(200), big.NewFloat(1).SetPrec(200)
	for i := 1; i < 60; i++ {
		term.Mul(term, z)
		term.Quo(term, new(big.Float).SetPrec(200).SetInt64(int64(i)))
		sum.Add(sum, term)
	}
	for range 10 {
		sum.Mul(sum, sum)
	}
	return sum
}

func TestExpAndLog(t *testing.T) {
	for i := -20000; i <= 20000; i++ {
		x := float64(i) * 0.03517
		if x < -708 || x > 709 {
			continue
		}
		want := bigExp(x)
		diff, _ := new(big.Float).Quo(new(big.Float).Sub(new(big.Float).SetPrec(200).SetFloat64(Exp(x)), want), want).Float64()
		if math.Abs(diff) > 0x1p-51 {
			t.Fatalf("Exp(%g) is off by %g", x, diff)
		}
		y, _ := want.Float64()
		if got := Log(y); math.Abs(got-x) > 0x1p-50*math.Max(1, math.Abs(x)) {
			t.Fatalf("Log(e^%g) = %g", x, got)
		}
	}
	if Exp(0) != 1 || Log(1) != 0 || Exp(-709) != 0 || !math.IsInf(Exp(710), 1) || !math.IsInf(Log(0), -1) || !math.IsInf(Log(math.Inf(1)), 1) {
		t.Error("the special values are wrong")
	}
	if !math.IsNaN(Exp(math.NaN())) || !math.IsNaN(Log(-1)) || !math.IsNaN(Log(math.NaN())) {
		t.Error("NaN is lost")
	}
}

// bigCosPi returns cos(πx) to 150 bits or so: the Taylor series at π·x, for x
// below 8.
func bigCosPi(x float64) *big.Float {
	pi, _, err := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899", 10, 250, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	z := pi.Mul(pi, new(big.Float).SetPrec(250).SetFloat64(x))
	z.Mul(z, z)
	sum, term := big.NewFloat(1).SetPrec(250), big.NewFloat(1).SetPrec(250)
	for i := 1; i < 140; i += 2 {
		term.Mul(term, z)
		term.Quo(term, big.NewFloat(float64(-i*(i+1))))
		sum.Add(sum, term)
	}
	return sum
}

func TestCosPi(t *testing.T) {
	check := func(x float64) {
		got := CosPi(x)
		if diff, _ := new(big.Float).Sub(bigCosPi(x), big.NewFloat(got)).Float64(); !(math.Abs(diff) < 0x1p-52) {
			t.Errorf("CosPi(%g) = %g is off by %g", x, got, diff)
		}
		// math.Cos sees a rounded π·x.
		if diff := got - math.Cos(math.Pi*x); !(math.Abs(diff) < 0x1p-51*(1+math.Abs(x))) {
			t.Errorf("CosPi(%g) = %g, math.Cos differs by %g", x, got, diff)
		}
		if CosPi(-x) != got || CosPi(x+2) != got && x+2-2 == x {
			t.Errorf("CosPi is not even or not periodic at %g", x)
		}
	}
	for i := range 20001 {
		check(float64(i) / 7000)
		check(float64(i) / 20000)
	}
	for _, x := range []float64{0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2} {
		check(math.Nextafter(x, 0))
		check(math.Nextafter(x, 3))
	}
	for x, want := range map[float64]float64{0: 1, 0.5: 0, 1: -1, 1.5: 0, 2: 1, 1001: -1, 1e300: 1} {
		if CosPi(x) != want {
			t.Errorf("CosPi(%g) = %g, want %g", x, CosPi(x), want)
		}
	}
	if !math.IsNaN(CosPi(math.NaN())) || !math.IsNaN(CosPi(math.Inf(1))) || !math.IsNaN(CosPi(math.Inf(-1))) {
		t.Error("CosPi of NaN or an infinity is a number")
	}
}

// Exp where k changes, and at both ends of its range, against the reference.
func TestExpWherePartsMeet(t *testing.T) {
	check := func(x float64) {
		want := bigExp(x)
		diff, _ := new(big.Float).Quo(new(big.Float).Sub(new(big.Float).SetPrec(200).SetFloat64(Exp(x)), want), want).Float64()
		if !(math.Abs(diff) < 0x1p-51) {
			t.Errorf("Exp(%g) is off by %g", x, diff)
		}
	}
	for k := -1021; k < 1024; k++ {
		x := (float64(k) + 0.5) * math.Ln2
		check(x)
		check(math.Nextafter(x, -800))
		check(math.Nextafter(x, 800))
	}
	for _, x := range []float64{709.7, -708, 0x1p-60, -0x1p-60, 0x1p-1074} {
		check(x)
	}
	if Exp(math.Nextafter(-708, -800)) != 0 || !math.IsInf(Exp(math.Nextafter(709.7, 800)), 1) || Exp(math.Inf(-1)) != 0 {
		t.Error("beyond the ends Exp is not 0 and +Inf")
	}
}
