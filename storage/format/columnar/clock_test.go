package columnar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDays: dates are the days of package time, and back.
func TestDays(t *testing.T) {
	first := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	begin := int32(first.Unix() / 86400)
	for days := begin; days < 2_932_897; days++ { // to 9999-12-31
		y, m, d := date(days)
		if civil(y, m, d) != days {
			require.Equal(t, days, civil(y, m, d))
		}
		if days%97 == 0 {
			require.Equal(t, first.AddDate(0, 0, int(days-begin)), time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC))
		}
	}
}
