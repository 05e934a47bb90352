package onnx

import (
	"math"

	"padlab/core/exact"
	"padlab/core/nn"
)

// operations are those of two numbers, by ONNX's names. Of integers only shapes
// are made, where truth values are 0 and 1.
var operations = map[string]operation{
	"Add": {Operation: nn.Operation{Kind: "add", F: func(a, b float32) float32 { return a + b }, DA: unit, DB: unit}, ints: func(a, b int64) int64 { return a + b }},
	"Sub": {Operation: nn.Operation{Kind: "sub", F: func(a, b float32) float32 { return a - b }, DA: unit, DB: func(_, _ float32) float32 { return -1 }}, ints: func(a, b int64) int64 { return a - b }},
	"Mul": {Operation: nn.Operation{Kind: "mul", F: func(a, b float32) float32 { return a * b }, DA: func(_, b float32) float32 { return b }, DB: func(a, _ float32) float32 { return a }}, ints: func(a, b int64) int64 { return a * b }},
	"Div": {Operation: nn.Operation{
		Kind: "div", F: func(a, b float32) float32 { return a / b },
		DA: func(_, b float32) float32 { return 1 / b }, DB: func(a, b float32) float32 { return -a / (b * b) },
	}, ints: func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		return a / b
	}},
	"Pow": {Operation: nn.Operation{Kind: "pow", F: power, DA: func(a, b float32) float32 { return b * power(a, b-1) }, DB: func(a, b float32) float32 {
		if a == 0 && b >= 0 { // as in PyTorch
			return 0
		}
		return float32(float64(power(a, b)) * exact.Log(float64(a)))
	}}},
	"Mod": {Operation: nn.Operation{Kind: "mod", F: func(a, b float32) float32 {
		m := float32(math.Mod(float64(a), float64(b)))
		if m != 0 && (m < 0) != (b < 0) {
			m += b
		}
		return m
	}, DA: unit, DB: func(a, b float32) float32 { return float32(-math.Floor(float64(a) / float64(b))) }}, ints: func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		m := a % b
		if m != 0 && (m < 0) != (b < 0) {
			m += b
		}
		return m
	}},
	"PRelu": {Operation: nn.Operation{Kind: "leaky ReLU", F: func(a, b float32) float32 {
		if a < 0 {
			return a * b
		}
		return a
	}, DA: func(a, b float32) float32 {
		if a < 0 {
			return b
		}
		return 1
	}, DB: func(a, _ float32) float32 { return min(a, 0) }}},
	"Equal":          compare("equal", func(a, b float32) bool { return a == b }, func(a, b int64) bool { return a == b }),
	"Less":           compare("less", func(a, b float32) bool { return a < b }, func(a, b int64) bool { return a < b }),
	"LessOrEqual":    compare("less", func(a, b float32) bool { return a <= b }, func(a, b int64) bool { return a <= b }),
	"Greater":        compare("greater", func(a, b float32) bool { return a > b }, func(a, b int64) bool { return a > b }),
	"GreaterOrEqual": compare("greater", func(a, b float32) bool { return a >= b }, func(a, b int64) bool { return a >= b }),
	"And":            compare("and", func(a, b float32) bool { return a != 0 && b != 0 }, func(a, b int64) bool { return a != 0 && b != 0 }),
	"Or":             compare("or", func(a, b float32) bool { return a != 0 || b != 0 }, func(a, b int64) bool { return a != 0 || b != 0 }),
	"Xor":            compare("xor", func(a, b float32) bool { return (a != 0) != (b != 0) }, func(a, b int64) bool { return (a != 0) != (b != 0) }),
}

var (
	largest = operation{Operation: nn.Operation{
		Kind: "max", F: func(a, b float32) float32 { return max(a, b) },
		DA: func(a, b float32) float32 { return truth(a >= b) }, DB: func(a, b float32) float32 { return truth(a < b) },
	}, ints: func(a, b int64) int64 { return max(a, b) }}
	smallest = operation{Operation: nn.Operation{
		Kind: "min", F: func(a, b float32) float32 { return min(a, b) },
		DA: func(a, b float32) float32 { return truth(a <= b) }, DB: func(a, b float32) float32 { return truth(a > b) },
	}, ints: func(a, b int64) int64 { return min(a, b) }}
	fmod = operation{Operation: nn.Operation{Kind: "mod", F: func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) }, DA: unit, DB: func(a, b float32) float32 {
		return float32(-math.Trunc(float64(a) / float64(b)))
	}}, ints: func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		return a % b
	}}
)

func unit(_, _ float32) float32 { return 1 }

func power(a, b float32) float32 {
	switch b {
	case 1:
		return a
	case 2:
		return a * a
	case .5:
		return float32(math.Sqrt(float64(a)))
	case -.5:
		return float32(1 / math.Sqrt(float64(a)))
	}
	return float32(math.Pow(float64(a), float64(b)))
}

func compare(kind string, f func(a, b float32) bool, ints func(a, b int64) bool) operation {
	return operation{
		Operation: nn.Operation{Kind: kind, F: func(a, b float32) float32 { return truth(f(a, b)) }},
		ints: func(a, b int64) int64 {
			if ints(a, b) {
				return 1
			}
			return 0
		},
		truth: true,
	}
}

// double makes a function of float32 of one of float64.
func double(f func(x float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

func sigmoid(x float64) float64 { return 1 / (1 + exact.Exp(-x)) }

func softplus(x float64) float64 { return max(x, 0) + exact.Log(1+exact.Exp(-math.Abs(x))) }

func tanh(x float64) float64 { // by few functions that all machines compute alike
	if math.Abs(x) < 1e-4 {
		return x - x*x*x/3
	}
	return 1 - 2/(1+exact.Exp(2*x))
}

// function is one whose attributes do not matter.
func function(kind string, f, slope func(x float64) float64) func(*node) nn.Function {
	of := nn.Function{Kind: kind, F: double(f)}
	if slope != nil {
		of.Slope = double(slope)
	}
	return func(*node) nn.Function { return of }
}

var sqrt2, sqrt2pi = math.Sqrt(2), math.Sqrt(2 * math.Pi)

// functions are those of one number.
var functions = map[string]func(*node) nn.Function{
	"Relu":    function("ReLU", func(x float64) float64 { return max(x, 0) }, func(x float64) float64 { return float64(truth(x > 0)) }),
	"Sigmoid": function("sigmoid", sigmoid, func(x float64) float64 { y := sigmoid(x); return y * (1 - y) }),
	"Tanh":    function("tanh", tanh, func(x float64) float64 { y := tanh(x); return 1 - y*y }),
	"Exp":     function("exp", exact.Exp, exact.Exp),
	"Log":     function("log", math.Log, func(x float64) float64 { return 1 / x }),
	"Sqrt":    function("sqrt", math.Sqrt, func(x float64) float64 { return .5 / math.Sqrt(x) }),
	"Erf": function("erf", math.Erf, func(x float64) float64 {
		return 2 / math.Sqrt(math.Pi) * exact.Exp(-x*x)
	}),
	"Abs":        function("abs", math.Abs, func(x float64) float64 { return math.Copysign(float64(truth(x != 0)), x) }),
	"Neg":        function("neg", func(x float64) float64 { return -x }, func(float64) float64 { return -1 }),
	"Reciprocal": function("reciprocal", func(x float64) float64 { return 1 / x }, func(x float64) float64 { return -1 / (x * x) }),
	"Floor":      function("floor", math.Floor, nil),
	"Ceil":       function("ceil", math.Ceil, nil),
	"Round":      function("round", math.RoundToEven, nil),
	"Sign": function("sign", func(x float64) float64 {
		if x == 0 || x != x {
			return x
		}
		return math.Copysign(1, x)
	}, nil),
	"Not":      function("not", func(x float64) float64 { return float64(truth(x == 0)) }, nil),
	"Sin":      function("sin", math.Sin, math.Cos),
	"Cos":      function("cos", math.Cos, func(x float64) float64 { return -math.Sin(x) }),
	"Softplus": function("softplus", softplus, sigmoid),
	"Softsign": function("softsign", func(x float64) float64 { return x / (1 + math.Abs(x)) }, func(x float64) float64 {
		d := 1 + math.Abs(x)
		return 1 / (d * d)
	}),
	"Mish": function("mish", func(x float64) float64 { return x * tanh(softplus(x)) }, func(x float64) float64 {
		t := tanh(softplus(x))
		return t + x*(1-t*t)*sigmoid(x)
	}),
	"HardSwish": func(*node) nn.Function {
		return nn.Function{
			Kind: "hard swish", F: func(x float32) float32 { return x * (min(max(x+3, 0), 6) / 6) },
			Slope: func(x float32) float32 {
				switch {
				case x <= -3:
					return 0
				case x >= 3:
					return 1
				}
				return x/3 + .5
			},
		}
	},
	"HardSigmoid": func(n *node) nn.Function {
		alpha, beta := n.float("alpha", .2), n.float("beta", .5)
		return nn.Function{
			Kind: "hard sigmoid", F: func(x float32) float32 { return min(max(float32(alpha*x)+beta, 0), 1) },
			Slope: func(x float32) float32 {
				if y := float32(alpha*x) + beta; y > 0 && y < 1 {
					return alpha
				}
				return 0
			},
		}
	},
	"LeakyRelu": func(n *node) nn.Function {
		alpha := n.float("alpha", .01)
		return nn.Function{Kind: "leaky ReLU", F: func(x float32) float32 {
			if x < 0 {
				return x * alpha
			}
			return x
		}, Slope: func(x float32) float32 {
			if x < 0 {
				return alpha
			}
			return 1
		}}
	},
	"ThresholdedRelu": func(n *node) nn.Function {
		alpha := n.float("alpha", 1)
		return nn.Function{Kind: "ReLU", F: func(x float32) float32 { return x * truth(x > alpha) }, Slope: func(x float32) float32 { return truth(x > alpha) }}
	},
	"Elu": func(n *node) nn.Function { return elu("ELU", 1, float64(n.float("alpha", 1)), 1) },
	"Selu": func(n *node) nn.Function {
		return elu("SELU", float64(n.float("gamma", 1.0507009873554804934193349852946)), float64(n.float("alpha", 1.6732632423543772848170429916717)), 1)
	},
	"Celu": func(n *node) nn.Function { a := float64(n.float("alpha", 1)); return elu("CELU", 1, a, a) },
	"Gelu": func(n *node) nn.Function {
		if n.text("approximate", "none") == "tanh" {
			inner := func(x float64) float64 { return math.Sqrt(2/math.Pi) * (x + .044715*x*x*x) }
			return nn.Function{Kind: "GELU", F: double(func(x float64) float64 { return .5 * x * (1 + tanh(inner(x))) }), Slope: double(func(x float64) float64 {
				t := tanh(inner(x))
				return .5*(1+t) + .5*x*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*.044715*x*x)
			})}
		}
		return nn.Function{Kind: "GELU", F: double(func(x float64) float64 { return .5 * x * (1 + math.Erf(x/sqrt2)) }), Slope: double(func(x float64) float64 {
			return .5*(1+math.Erf(x/sqrt2)) + x*exact.Exp(-x*x/2)/sqrt2pi
		})}
	},
}

// elu is gamma·x, and below 0 gamma·alpha·(e^(x/scale)−1).
func elu(kind string, gamma, alpha, scale float64) nn.Function {
	return nn.Function{Kind: kind, F: double(func(x float64) float64 {
		if x > 0 {
			return gamma * x
		}
		return gamma * alpha * (exact.Exp(x/scale) - 1)
	}), Slope: double(func(x float64) float64 {
		if x > 0 {
			return gamma
		}
		return gamma * alpha / scale * exact.Exp(x/scale)
	})}
}

func plus(s, x float64) float64 { return s + x }

func squares(s, x float64) float64 { return s + float64(x*x) }

// slopes are those of a reduction whose derivative by a value x depends on no other
// but through the result y, of n values.
func slopes(f func(x, y float64, n int) float64) func(d, x []float64, y float64) {
	return func(d, x []float64, y float64) {
		for i, v := range x {
			d[i] = f(v, y, len(x))
		}
	}
}

// shared are the slopes of a largest or smallest value: where several are, each has as
// large a share, as in PyTorch's amax and amin.
func shared(d, x []float64, y float64) {
	n := 0.0
	for _, v := range x {
		n += float64(truth(v == y))
	}
	for i, v := range x {
		d[i] = float64(truth(v == y)) / n
	}
}

// others are the slopes of a product: by each value the product of all others.
func others(d, x []float64, _ float64) {
	before, behind := 1.0, 1.0
	for i, v := range x {
		d[i] = before
		before *= v
	}
	for i := len(x) - 1; i >= 0; i-- {
		d[i] *= behind
		behind *= x[i]
	}
}

// reductions make one number of several.
var reductions = map[string]nn.Reduction{
	"ReduceSum": {Kind: "sum", Step: plus, Slopes: slopes(func(_, _ float64, _ int) float64 { return 1 })},
	"ReduceMean": {
		Kind: "mean", Step: plus, End: func(s float64, n int) float64 { return s / float64(n) },
		Slopes: slopes(func(_, _ float64, n int) float64 { return 1 / float64(n) }),
	},
	"ReduceMax":  {Kind: "max", Start: math.Inf(-1), Step: func(s, x float64) float64 { return max(s, x) }, Slopes: shared},
	"ReduceMin":  {Kind: "min", Start: math.Inf(1), Step: func(s, x float64) float64 { return min(s, x) }, Slopes: shared},
	"ReduceProd": {Kind: "product", Start: 1, Step: func(s, x float64) float64 { return s * x }, Slopes: others},
	"ReduceL1": {
		Kind: "L1 norm", Step: func(s, x float64) float64 { return s + math.Abs(x) },
		Slopes: slopes(func(x, _ float64, _ int) float64 { return math.Copysign(float64(truth(x != 0)), x) }),
	},
	"ReduceL2": {
		Kind: "L2 norm", Step: squares, End: func(s float64, _ int) float64 { return math.Sqrt(s) },
		Slopes: slopes(func(x, y float64, _ int) float64 {
			if y == 0 { // a corner: the slope there is 0, as in PyTorch
				return 0
			}
			return x / y
		}),
	},
	"ReduceSumSquare": {Kind: "sum of squares", Step: squares, Slopes: slopes(func(x, _ float64, _ int) float64 { return 2 * x })},
	"ReduceLogSum": {
		Kind: "log of sum", Step: plus, End: func(s float64, _ int) float64 { return exact.Log(s) },
		Slopes: slopes(func(_, y float64, _ int) float64 { return exact.Exp(-y) }),
	},
	"ReduceLogSumExp": {
		Kind: "log of sum of exp", Step: func(s, x float64) float64 { return s + exact.Exp(x) }, End: func(s float64, _ int) float64 { return exact.Log(s) },
		Slopes: slopes(func(x, y float64, _ int) float64 { return exact.Exp(x - y) }),
	},
}
