package distill

import (
	"encoding/binary"
	"math"
)

// magic begins a model file; embed/static reads what Bytes writes.
const magic = "advisor static 1\n"

// Bytes is the model as embed/static wants it: the magic line; three 32-bit
// numbers (terms, dimensions, length of the names); the names, each ended by a
// line feed, sorted; each term's scale (with its weight in it) as 32-bit
// float; each term's vector in 8-bit steps of its scale.
func (m *Model) Bytes() []byte {
	out := []byte(magic)
	names := 0
	for _, t := range m.Terms {
		names += len(t) + 1
	}
	for _, n := range []int{len(m.Terms), m.Dim, names} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	for _, t := range m.Terms {
		out = append(append(out, t...), '\n')
	}
	scales := make([]float32, len(m.Terms))
	for t := range m.Terms {
		for _, x := range m.Rows[t*m.Dim:][:m.Dim] {
			scales[t] = max(scales[t], float32(math.Abs(float64(x)))/127)
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(scales[t]*m.Weight[t]))
	}
	for t, s := range scales {
		for _, x := range m.Rows[t*m.Dim:][:m.Dim] {
			if s == 0 {
				out = append(out, 0)
				continue
			}
			out = append(out, byte(int8(math.Round(float64(x/s)))))
		}
	}
	return out
}
