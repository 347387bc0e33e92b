//go:build goexperiment.simd && amd64

package distill

import "simd/archsimd"

// The two loops that training spends its time in, eight numbers at a time:
// GOEXPERIMENT=simd go run ./embed/distill/cmd … is several times faster.

func mulAdd(sum, x []float32, w float32) {
	by := archsimd.BroadcastFloat32x8(w)
	for len(sum) >= 8 && len(x) >= 8 {
		archsimd.LoadFloat32x8Slice(x).MulAdd(by, archsimd.LoadFloat32x8Slice(sum)).StoreSlice(sum)
		sum, x = sum[8:], x[8:]
	}
	for k := range sum {
		sum[k] += w * x[k]
	}
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 archsimd.Float32x8
	for len(a) >= 32 && len(b) >= 32 {
		s0 = archsimd.LoadFloat32x8Slice(a).MulAdd(archsimd.LoadFloat32x8Slice(b), s0)
		s1 = archsimd.LoadFloat32x8Slice(a[8:]).MulAdd(archsimd.LoadFloat32x8Slice(b[8:]), s1)
		s2 = archsimd.LoadFloat32x8Slice(a[16:]).MulAdd(archsimd.LoadFloat32x8Slice(b[16:]), s2)
		s3 = archsimd.LoadFloat32x8Slice(a[24:]).MulAdd(archsimd.LoadFloat32x8Slice(b[24:]), s3)
		a, b = a[32:], b[32:]
	}
	var out [8]float32
	s0.Add(s1).Add(s2.Add(s3)).StoreSlice(out[:])
	sum := out[0] + out[1] + out[2] + out[3] + out[4] + out[5] + out[6] + out[7]
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}
