package insights

import (
	"fmt"
	"math"
	"math/big"
)

// Demand is what is asked for per period: a series of past periods, or its mean and standard deviation. Where both are
// given, Mean and StdDev win over what the series says.
type Demand struct {
	Series []Decimal // one figure per period; a return may make one negative
	Mean   Decimal   // per period; the series' mean when ""
	StdDev Decimal   // per period; the series' sample standard deviation when ""
}

// Spread is a mean with its standard deviation.
type Spread struct {
	Mean   Decimal
	StdDev Decimal
}

// moments is a distribution as the formulas need it.
type moments struct {
	mean *big.Rat
	sd   float64
}

func (d Demand) moments() (m moments, err error) {
	mean, variance, err := seriesMoments(d.Series)
	if err != nil {
		return m, err
	}
	m.mean = mean
	if d.Mean != "" || mean == nil {
		if m.mean, err = exact("demand.mean", d.Mean); err != nil {
			return m, err
		}
	}
	if m.mean.Sign() < 0 {
		return m, refuse("demand.mean", "must not be negative")
	}
	if d.StdDev != "" || variance == nil {
		sd, err := atLeastZero("demand.stdDev", d.StdDev)
		if err != nil {
			return m, err
		}
		m.sd = float(sd)
		return m, nil
	}
	m.sd = root(variance)
	return m, nil
}

// seriesMoments are the mean and the sample variance (divided by n−1), exact; nil where the series is too short for them.
func seriesMoments(series []Decimal) (mean, variance *big.Rat, err error) {
	if len(series) == 0 {
		return nil, nil, nil
	}
	values := make([]*big.Rat, len(series))
	sum := new(big.Rat)
	for i, d := range series {
		if values[i], err = exact(fmt.Sprintf("demand.series[%d]", i), d); err != nil {
			return nil, nil, err
		}
		sum.Add(sum, values[i])
	}
	mean = sum.Quo(sum, new(big.Rat).SetInt64(int64(len(series))))
	if len(series) == 1 {
		return mean, nil, nil
	}
	squares := new(big.Rat)
	for _, v := range values {
		away := new(big.Rat).Sub(v, mean)
		squares.Add(squares, away.Mul(away, away))
	}
	return mean, squares.Quo(squares, new(big.Rat).SetInt64(int64(len(series)-1))), nil
}

// leadMoments reads a lead time; without a standard deviation it is taken as constant.
func leadMoments(s Spread) (m moments, err error) {
	if m.mean, err = atLeastZero("leadTime.mean", s.Mean); err != nil || s.StdDev == "" {
		return m, err
	}
	sd, err := atLeastZero("leadTime.stdDev", s.StdDev)
	if err != nil {
		return m, err
	}
	m.sd = float(sd)
	return m, nil
}

// demandDuring is the standard deviation of demand during the lead time: √(L·σd² + d²·σL²).
func demandDuring(demand, lead moments) float64 {
	return math.Hypot(math.Sqrt(float(lead.mean))*demand.sd, float(demand.mean)*lead.sd)
}
