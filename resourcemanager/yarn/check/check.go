package check

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/findings"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// Options say what to check.
type Options struct {
	Conf    conf.Conf
	Spec    submission.Spec
	Staging string // the folder on HDFS; empty: the user's home
	// Dial reaches the ResourceManager; nil: TCP.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger
}

// Clocks that differ by more are told of; Kerberos allows 5 minutes.
const skewToMention, skewToFail = time.Minute, 5 * time.Minute

// Run checks, and reports each result when it is there. It returns false if any has failed.
func Run(ctx context.Context, o Options, report func(findings.Finding)) bool {
	r := run{ctx: ctx, Options: o, Report: findings.Report{To: report}}
	r.configuration()
	if client := r.login(); client != nil {
		defer client.Close()
		if r.resourceManager(client) {
			r.queue(client)
			r.tokens(client)
		}
		r.staging(client.User())
	}
	return !r.Failed
}

type run struct {
	ctx context.Context
	Options
	findings.Report
}

func (r *run) configuration() {
	addresses, err := r.Conf.ResourceManagers(conf.ClientPort)
	if err != nil {
		r.Fail("configuration", err.Error(), err)
		return
	}
	security := "not secured"
	if r.Conf.Kerberos() {
		security = "secured by Kerberos"
	}
	r.Add(findings.Fine, "configuration", "YARN at %s, files at %s, %s", strings.Join(addresses, ", "), r.Conf.Get("fs.defaultFS", "no fs.defaultFS"), security)
	if !r.Conf.Bool("yarn.nodemanager.vmem-check-enabled", true) {
		return
	}
	if ratio, err := strconv.ParseFloat(r.Conf.Get("yarn.nodemanager.vmem-pmem-ratio", "2.1"), 64); err == nil && ratio < 2.1 {
		r.Add(findings.Doubtful, "virtual memory", "yarn.nodemanager.vmem-pmem-ratio is %g, and NodeManagers may check it: containers need more than the default memory", ratio)
	}
}

func (r *run) login() *rm.Client {
	client, err := rm.Connect(rm.Options{Conf: r.Conf, Logger: r.Logger, Dial: r.Dial, NoTokens: true})
	if err != nil {
		if _, bad := r.Conf.ResourceManagers(conf.ClientPort); bad == nil {
			r.Fail("login", err.Error(), err)
		}
		return nil
	}
	r.Add(findings.Fine, "login", "as %s", client.User())
	return client
}

func (r *run) resourceManager(client *rm.Client) bool {
	begin := time.Now()
	m, err := client.Metrics(r.ctx)
	if err != nil {
		r.Fail("ResourceManager", err.Error(), err)
		return false
	}
	status := findings.Fine
	if m.GetNumActiveNms() == 0 {
		status = findings.Doubtful
	}
	r.Add(status, "ResourceManager", "answers in %s; %d nodes run, %d are lost, %d unhealthy", time.Since(begin).Round(time.Millisecond),
		m.GetNumActiveNms(), m.GetNumLostNms(), m.GetNumUnhealthyNms())
	return true
}

func (r *run) queue(client *rm.Client) {
	_, cluster, err := submission.Look(r.ctx, client, r.Spec.Queue)
	if err != nil {
		r.Fail("queue", err.Error(), err)
		return
	}
	found := r.Spec.Check(cluster)
	if cluster.Queue != nil {
		may, err := client.MaySubmit(r.ctx, cmp.Or(cluster.Queue.GetQueuePath(), r.Spec.Queue))
		if err != nil {
			r.Fail("queue", err.Error(), err)
			return
		}
		if !may && !r.administers(client.User()) {
			found = append(found, submission.Finding{Text: r.Spec.Forbidden(client.User()), Fatal: true})
		}
	}
	for _, f := range found {
		status := findings.Doubtful
		if f.Fatal {
			status = findings.Failed
		}
		r.Add(status, "queue and sizes", "%s", f.Text)
	}
	if len(found) == 0 {
		r.Add(findings.Fine, "queue and sizes", "queue %s runs, %s; JobManager %d MB, TaskManagers %d MB and %d vcores fit", r.Spec.Queue, used(cluster.Queue),
			r.Spec.Master.MemoryMB, r.Spec.Worker.MemoryMB, r.Spec.Worker.VCores)
	}
}

// administers tells whether the user is named in yarn.admin.acl, in which case the rights of queues do not matter.
func (r *run) administers(user string) bool {
	user, _, _ = strings.Cut(user, "@")
	user, _, _ = strings.Cut(user, "/")
	names, _, _ := strings.Cut(r.Conf.Get("yarn.admin.acl", ""), " ") // groups follow
	return slices.ContainsFunc(strings.Split(names, ","), func(name string) bool { return name == user || name == "*" })
}

// used is how full a queue is.
func used(q *wire.QueueInfo) string {
	return fmt.Sprintf("%.0f %% of its share is used", 100*q.GetCurrentCapacity())
}

func (r *run) staging(user string) {
	stage, err := submission.StageIn(r.Staging, nil, r.Conf, user)
	if err != nil {
		r.Fail("files", err.Error(), err)
		return
	}
	skew, err := stage.Try(r.ctx)
	if err != nil {
		r.Fail("files", err.Error(), err)
		return
	}
	r.Add(findings.Fine, "files", "%s can be written", stage.Dir)
	switch size := skew.Abs(); {
	case size > skewToFail && r.Conf.Kerberos():
		r.Add(findings.Failed, "clock", "differs from that of HDFS by %s, and Kerberos allows 5 minutes: set it, by NTP best", size.Round(time.Second))
	case size > skewToMention:
		r.Add(findings.Doubtful, "clock", "differs from that of HDFS by %s: set it, by NTP best", size.Round(time.Second))
	default:
		r.Add(findings.Fine, "clock", "agrees with that of HDFS within %s", max(time.Second, size.Round(time.Second)))
	}
}

// tokens gets what an application on a secured cluster needs, and gives it up.
func (r *run) tokens(client *rm.Client) {
	if !r.Conf.Kerberos() {
		return
	}
	nn, err := namenode.Connect(namenode.Options{Conf: r.Conf, Logger: r.Logger, NoTokens: true})
	if err != nil {
		r.Fail("tokens", err.Error(), err)
		return
	}
	defer nn.Close()
	all, err := submission.Tokens(r.ctx, r.Conf, nn, client)
	if err != nil {
		r.Fail("tokens", err.Error(), err)
		return
	}
	renewer, _ := submission.Renewer(r.Conf) // Tokens has asked before
	r.Add(findings.Fine, "tokens", "HDFS and ResourceManager hand them out, for %s to renew", renewer)
	for _, t := range all.Tokens {
		cancel := client.Cancel
		if t.Token.Kind == credentials.KindHDFS {
			cancel = nn.Cancel
		}
		if err := cancel(r.ctx, t.Token); err != nil {
			r.Add(findings.Doubtful, "tokens", "%v", err)
		}
	}
}
