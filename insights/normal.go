package insights

import (
	"math"
	"math/big"
)

// normalQuantile is the z below which a standard normal variable stays with probability p, for 0 < p < 1. It uses the
// complementary error function, which keeps its digits where p is close to 1: service levels live there.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// The service levels that are taken. Below one half a "safety" stock would be negative; above the upper bound one asks
// the tail of a distribution that no shop's demand follows that far.
var (
	lowestService  = big.NewRat(1, 2)
	highestService = big.NewRat(99999, 100000)
)

// quantileOfService is z for the share of order cycles in which stock is to last.
func quantileOfService(level Decimal) (float64, error) {
	p, err := exact("serviceLevel", level)
	if err != nil {
		return 0, err
	}
	if p.Cmp(lowestService) < 0 || p.Cmp(highestService) > 0 {
		return 0, refuse("serviceLevel", "must be a share from 0.5 to 0.99999")
	}
	if p.Cmp(lowestService) == 0 {
		return 0, nil // -0 otherwise
	}
	return normalQuantile(float(p)), nil
}
