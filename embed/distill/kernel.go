//go:build !(goexperiment.simd && amd64)

package distill

// mulAdd adds w times x to sum; lengths are multiples of four.
func mulAdd(sum, x []float32, w float32) {
	for len(sum) >= 8 && len(x) >= 8 {
		sum[0] += w * x[0]
		sum[1] += w * x[1]
		sum[2] += w * x[2]
		sum[3] += w * x[3]
		sum[4] += w * x[4]
		sum[5] += w * x[5]
		sum[6] += w * x[6]
		sum[7] += w * x[7]
		sum, x = sum[8:], x[8:]
	}
	for k := range sum {
		sum[k] += w * x[k]
	}
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}
