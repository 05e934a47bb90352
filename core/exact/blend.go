package exact

// Between is a + t·(b−a), with two roundings besides that of b−a: exactly a where both
// are equal.
func Between(a, b, t float32) float32 { return a + float32(t*(b-a)) }

// Blend sets every value of y to what lies between those of four others, all as long:
// at u between a and b at t, and c and d at t. It panics where one is shorter.
func Blend(y, a, b, c, d []float32, t, u float32) {
	a, b, c, d = a[:len(y)], b[:len(y)], c[:len(y)], d[:len(y)]
	for i := range y {
		y[i] = Between(Between(a[i], b[i], t), Between(c[i], d[i], t), u)
	}
}
