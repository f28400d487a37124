package job

import (
	"math"
	"time"

	"github.com/leatproject/leat/runtime/config"
)

// StrategyOf reads the keys restart-strategy.*, which are Flink's.
func StrategyOf(conf *config.Configuration) Strategy {
	switch kind := config.Get(conf, config.RestartStrategy); kind {
	case "fixed-delay":
		s := DefaultStrategy(FixedDelay)
		s.Attempts, s.Delay = config.Get(conf, config.FixedDelayAttempts), millis(config.Get(conf, config.FixedDelay))
		return s
	case "failure-rate":
		s := DefaultStrategy(FailureRate)
		s.MaxFailures, s.Interval = config.Get(conf, config.FailureRateMaxFailures), millis(config.Get(conf, config.FailureRateInterval))
		s.Delay = millis(config.Get(conf, config.FailureRateDelay))
		return s
	case "exponential-delay":
		return ExponentialDelayOf(conf)
	}
	return DefaultStrategy(NoRestart)
}

// ExponentialDelayOf reads the keys restart-strategy.exponential-delay.*.
func ExponentialDelayOf(conf *config.Configuration) Strategy {
	s := DefaultStrategy(ExponentialDelay)
	s.Delay, s.MaxDelay = millis(config.Get(conf, config.ExponentialDelayInitial)), millis(config.Get(conf, config.ExponentialDelayMax))
	s.Multiplier = thousandths(config.Get(conf, config.ExponentialDelayMultiplier))
	s.Jitter = thousandths(config.Get(conf, config.ExponentialDelayJitter))
	s.Reset = millis(config.Get(conf, config.ExponentialDelayReset))
	s.Attempts = config.Get(conf, config.ExponentialDelayAttempts)
	return s
}

func millis(d time.Duration) Time { return Time(d.Milliseconds()) }

func thousandths(f float64) int64 { return int64(math.Round(f * 1000)) }
