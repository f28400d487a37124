package check

import (
	"cmp"
	"context"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/nomad"
)

// Options say what to check.
type Options struct {
	Client *api.Client
	Spec   nomad.Spec // of workers
	Size   resourcemanager.Size
}

// limit is how long a call may take.
const limit = 10 * time.Second

// Run checks, and reports each result when it is there. It returns false if any has failed.
func Run(ctx context.Context, o Options, report func(findings.Finding)) bool {
	r := run{ctx: ctx, Options: o, Report: findings.Report{To: report}}
	if r.address() && r.token() && r.namespace() {
		r.rights()
		r.drivers()
		r.room()
	}
	return !r.Failed
}

type run struct {
	ctx context.Context
	Options
	findings.Report
}

func (r *run) fail(name string, err error, remedy string) bool {
	r.Fail(name, nomad.Said(err)+": "+remedy, err)
	return false
}

// where is the namespace of workers.
func (r *run) where() string {
	return cmp.Or(r.Spec.Namespace, os.Getenv("NOMAD_NAMESPACE"), api.DefaultNamespace)
}

// query and write are options of one call, with the function that ends its time.
func (r *run) query() (*api.QueryOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	return (&api.QueryOptions{Namespace: r.Spec.Namespace, Region: r.Spec.Region}).WithContext(ctx), cancel
}

func (r *run) write() (*api.WriteOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	return (&api.WriteOptions{Namespace: r.Spec.Namespace, Region: r.Spec.Region}).WithContext(ctx), cancel
}

func (r *run) address() bool {
	q, cancel := r.query()
	defer cancel()
	begin := time.Now()
	var leader string
	_, err := r.Client.Raw().Query("/v1/status/leader", &leader, q)
	switch {
	case err != nil && strings.Contains(nomad.Said(err), "No path to region"):
		return r.fail("address", err, "set NOMAD_REGION to one that nomad server members shows")
	case err != nil:
		return r.fail("address", err, "Nomad does not answer at "+r.Client.Address()+"; set NOMAD_ADDR and, for TLS, NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY")
	case leader == "":
		r.Add(findings.Failed, "address", "%s answers, and its servers have no leader: see nomad server members", r.Client.Address())
		return false
	}
	r.Add(findings.Fine, "address", "%s answers in %s", r.Client.Address(), time.Since(begin).Round(time.Millisecond))
	return true
}

// aclsDisabled is the accessor of the token that newer versions of Nomad give to everybody where ACLs are off; older ones answer with an error.
const aclsDisabled = "acls-disabled"

func (r *run) token() bool {
	q, cancel := r.query()
	defer cancel()
	token, _, err := r.Client.ACLTokens().Self(q)
	switch {
	case err != nil && strings.Contains(nomad.Said(err), "ACL support disabled"), err == nil && token.AccessorID == aclsDisabled:
		r.Add(findings.Doubtful, "token", "ACLs are off: whoever reaches %s may run jobs and read the cluster's secret", r.Client.Address())
	case err != nil:
		return r.fail("token", err, "Nomad does not know the token; set NOMAD_TOKEN")
	case token.ExpirationTime != nil && time.Until(*token.ExpirationTime) < 24*time.Hour:
		r.Add(findings.Doubtful, "token", "%s expires at %s: a cluster needs it as long as it lives", name(token), token.ExpirationTime.Format(time.RFC3339))
	default:
		r.Add(findings.Fine, "token", "%s", name(token))
	}
	return true
}

// name is what people know a token by, which is not its secret.
func name(t *api.ACLToken) string {
	text := "token " + cmp.Or(t.Name, t.AccessorID, "without a name")
	if len(t.Policies) > 0 {
		text += " with the policies " + strings.Join(t.Policies, ", ")
	}
	return text
}

func (r *run) namespace() bool {
	q, cancel := r.query()
	defer cancel()
	n, _, err := r.Client.Namespaces().Info(r.where(), q)
	switch {
	case nomad.Absent(err):
		return r.fail("namespace", err, "set NOMAD_NAMESPACE to one that nomad namespace list shows")
	case nomad.Denied(err):
		return r.fail("namespace", err, "the token has no rights there; set NOMAD_NAMESPACE, or give the token a policy for it")
	case err != nil:
		return r.fail("namespace", err, "Nomad could not be asked")
	}
	r.Add(findings.Fine, "namespace", "%s", n.Name)
	return true
}
