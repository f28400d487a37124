package nomad

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// Left is what a cluster that is over has left behind.
type Left struct {
	Cluster string
	Jobs    int // of its workers and its JobManager
}

// Clean removes what clusters that are over have left in the namespace of a Spec: their jobs, workers that may run, and their
// Variables. A cluster is over when the job of its JobManager has ended or is gone.
func Clean(ctx context.Context, client *api.Client, spec *Spec) (all []Left, err error) {
	query := spec.query(ctx)
	query.Prefix = "leat-"
	jobs, _, err := client.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, query)
	if err != nil {
		return nil, err
	}
	left := leftBy(jobs)
	for _, cluster := range slices.Sorted(maps.Keys(left)) {
		s := *spec
		s.Cluster = cluster
		if err := Purge(ctx, client, &s); err != nil {
			return all, err
		}
		if _, _, err := client.Jobs().Deregister(s.MasterID(), true, s.write(ctx)); err != nil && !Absent(err) {
			return all, err
		}
		if err := s.Forget(ctx, client); err != nil {
			return all, err
		}
		all = append(all, Left{cluster, left[cluster]})
	}
	return all, nil
}

// leftBy counts the jobs of each cluster that is over.
func leftBy(jobs []*api.JobListStub) map[string]int {
	left, live := map[string]int{}, map[string]bool{}
	for _, j := range jobs {
		cluster := j.Meta[MetaCluster]
		master := j.ID == (&Spec{Cluster: cluster}).MasterID()
		if cluster == "" || !master && !strings.HasPrefix(j.ID, prefix(cluster)) {
			continue
		}
		left[cluster]++
		live[cluster] = live[cluster] || master && !j.Stop && j.Status != "dead"
	}
	maps.DeleteFunc(left, func(cluster string, _ int) bool { return live[cluster] })
	return left
}
