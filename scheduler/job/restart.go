package job

// RestartHistory is what a restart strategy remembers of a job.
type RestartHistory struct {
	// Failures are the times of the latest failures that still count, for failure-rate.
	Failures []Time
	// Count is the number of restarts since the back-off was reset, or ever for fixed-delay.
	Count int
	// Backoff is the last wait without jitter, Last the time of the last failure, for exponential-delay.
	Backoff, Last Time
	// Delay is the wait that was decided, Draws the number of random numbers used so far.
	Delay Time
	Draws uint64
}

func (h *RestartHistory) fields(c *codec) {
	nums(c, &h.Failures)
	num(c, &h.Count)
	num(c, &h.Backoff)
	num(c, &h.Last)
	num(c, &h.Delay)
	num(c, &h.Draws)
}

// Next decides whether a job is restarted after a failure now, and returns the history with the wait in it. Failures that come
// while a restart is pending are part of it for exponential-delay, as in Flink.
func (s Strategy) Next(h RestartHistory, pending bool, now Time, seed uint64) (RestartHistory, bool) {
	switch s.Type {
	case FixedDelay:
		h.Count++
		h.Delay = s.Delay
		return h, h.Count <= s.Attempts
	case FailureRate:
		var recent []Time
		for _, t := range h.Failures {
			if now-t < s.Interval && t-now < s.Interval {
				recent = append(recent, t)
			}
		}
		h.Failures = append(recent, now)
		h.Delay = s.Delay
		return h, len(h.Failures) <= s.MaxFailures
	case ExponentialDelay:
		return s.backOff(h, pending, now, seed)
	}
	return h, false
}

func (s Strategy) backOff(h RestartHistory, pending bool, now Time, seed uint64) (RestartHistory, bool) {
	if pending && h.Count > 0 {
		h.Last = now
		return h, true
	}
	switch {
	case h.Count == 0 || now-h.Last >= s.Reset+h.Backoff:
		h.Count, h.Backoff = 0, s.Delay
	default:
		h.Backoff = min(s.MaxDelay, h.Backoff*Time(s.Multiplier)/1000)
	}
	h.Count++
	h.Last = now
	spread := uint64(h.Backoff) * uint64(s.Jitter) / 1000
	h.Delay = h.Backoff
	if spread > 0 {
		h.Draws++
		h.Delay += Time(mix(seed+h.Draws)%(2*spread+1)) - Time(spread)
	}
	h.Delay = min(h.Delay, s.MaxDelay)
	return h, s.Attempts == 0 || h.Count <= s.Attempts
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
