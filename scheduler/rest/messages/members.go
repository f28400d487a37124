package messages

// Members is GET /jobmanager/members, which Flink does not have.
type Members struct {
	Generation uint64   `json:"generation"`
	Term       uint64   `json:"term"`
	Members    []Member `json:"members"`
}

// Member is one JobManager of a cluster.
type Member struct {
	ID      string `json:"id"`      // for life
	Address string `json:"address"` // of its control protocol
	Leader  bool   `json:"leader"`
	Answers bool   `json:"answers"` // to the leader
}

// NewMember is the body of POST /jobmanager/members.
type NewMember struct {
	Address string `json:"address"` // of its control protocol, as host:port
}

// MemberAdded answers POST /jobmanager/members.
type MemberAdded struct {
	ID string `json:"id"`
}
