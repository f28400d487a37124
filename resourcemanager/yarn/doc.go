// Package yarn gets workers from YARN: a resourcemanager.Provider for the JobManager that is an application's ApplicationMaster.
//
// A worker is a container. It is asked for under a number that stands for its name, which YARN hands back with the container,
// so a later attempt of the ApplicationMaster knows whose container it finds running. Why a container has ended is told in a
// sentence, with the key to change.
//
//	wire        YARN's messages
//	rm          clients of the ResourceManager: for users, and for ApplicationMasters
//	master      what an ApplicationMaster wants and has: a pure state machine, and the shell around it
//	nm          a client of NodeManagers
//	launch      launch contexts
//	submission  applications before they run: configuration, checks, files on HDFS, tokens
//	check       tries all that before anything is submitted
//	yarntest    a YARN in memory that misbehaves
//
// An ApplicationMaster is made of them so:
//
//	scheduler, err := rm.ConnectScheduler(rm.Options{Conf: conf}, credentials.Find(credentials.KindAMRM))
//	m := master.New(master.Options{Scheduler: scheduler, ...})
//	nodes, err := nm.New(nm.Options{Conf: conf, Token: m.NodeToken})
//	provider := yarn.New(yarn.Options{Master: m, Nodes: nodes, Launch: ...})
//	err = m.Run(ctx, provider.Handle)
//
// Start reading at Provider, then package master.
package yarn
