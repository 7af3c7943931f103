package insights

import (
	"math"
	"testing"
)

// The quantiles every table of the normal distribution has; the last two are rows of that in the NIST/SEMATECH e-Handbook
// of Statistical Methods, §1.3.6.7.1, read backwards: it gives the area from 0 to 1.28 as 0.39973, to 1.64 as 0.44950.
func TestNormalQuantileOfTheTables(t *testing.T) {
	for p, want := range map[float64]float64{
		0.5: 0, 0.8: 0.841621, 0.9: 1.281552, 0.95: 1.644854, 0.975: 1.959964, 0.98: 2.053749, 0.99: 2.326348,
		0.995: 2.575829, 0.999: 3.090232, 0.9999: 3.719016, 0.89973: 1.28, 0.94950: 1.64,
	} {
		if got := normalQuantile(p); math.Abs(got-want) > 1e-4 {
			t.Errorf("z(%g): got %.6f, want %.6f", p, got, want)
		}
	}
}

// The quantile undoes the distribution function Φ(z) = erfc(−z/√2)/2, over the whole range that is taken.
func TestNormalQuantileUndoesTheDistribution(t *testing.T) {
	last := math.Inf(-1)
	for p := 0.5; p <= 0.99999; p += 0.00001 {
		z := normalQuantile(p)
		if back := math.Erfc(-z/math.Sqrt2) / 2; math.Abs(back-p) > 1e-12 {
			t.Fatalf("Φ(z(%g)) = %g", p, back)
		}
		if z <= last {
			t.Fatalf("z(%g) = %g is not above the one before, %g", p, z, last)
		}
		last = z
	}
}
