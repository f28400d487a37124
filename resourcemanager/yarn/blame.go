package yarn

// Hosts on which containers do not start are avoided, but never more than a share of the cluster: the fault may be ours.
const (
	failuresToAvoid = 3
	avoidedShare    = 3 // one in so many hosts
)

// blame counts starts that have failed, by host.
type blame struct {
	failures map[string]int
	avoided  map[string]bool
	nodes    int // of the cluster
}

func newBlame() blame { return blame{failures: map[string]int{}, avoided: map[string]bool{}} }

// failed tells whether the host is to be avoided from now on.
func (b *blame) failed(host string) bool {
	b.failures[host]++
	if b.failures[host] < failuresToAvoid || b.avoided[host] || (len(b.avoided)+1)*avoidedShare > b.nodes {
		return false
	}
	b.avoided[host] = true
	return true
}

// started forgives a host its failures.
func (b *blame) started(host string) { delete(b.failures, host) }

// usable tells whether a host that is well again was avoided.
func (b *blame) usable(host string) bool {
	was := b.avoided[host]
	delete(b.avoided, host)
	delete(b.failures, host)
	return was
}
