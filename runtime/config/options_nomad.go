package config

const sectionNomad = "Nomad"

// Options of workers on Nomad. Address, token, region, namespace and TLS are those of NOMAD_ADDR, NOMAD_TOKEN and so on, as for
// all tools of HashiCorp. Flink has none of these.
var (
	NomadDriver = declare(sectionNomad, text, "nomad.driver", "exec",
		"Driver that TaskManagers run by: exec, raw_exec or docker.")

	NomadImage = declare(sectionNomad, text, "nomad.image", "",
		"Image of TaskManagers that run by docker.")

	NomadDatacenters = declare(sectionNomad, list(";,"), "nomad.datacenters", nil,
		"Datacenters that TaskManagers may run in; `*` at the end of a name stands for any rest.", defaultText("all"))

	NomadNodePool = declare(sectionNomad, text, "nomad.node-pool", "",
		"Pool of the nodes that TaskManagers may run on.", defaultText("that of the namespace"))

	NomadConstraints = declare(sectionNomad, list(";"), "nomad.constraints", nil,
		"What nodes have to satisfy: each an attribute, an operator and a value with spaces between, as `${attr.cpu.arch} = amd64`.")

	NomadPriority = declare(sectionNomad, integer(0, 100), "nomad.priority", 0,
		"Priority of TaskManagers from 1 to 100; where preemption is on, a higher one takes the room of lower ones.", defaultText("that of Nomad, 50"))

	NomadTaskManagerCPU = declare(sectionNomad, number(0, 10000), "nomad.taskmanager.cpu", 0,
		"Cores of a TaskManager.", defaultText("its number of slots"))

	NomadMHz = declare(sectionNomad, integer(1, 1000000), "nomad.mhz-per-core", 1000,
		"MHz that Nomad is asked for in the place of a core.")

	NomadClusterID = declare(sectionNomad, text, "nomad.cluster-id", "",
		"Id of a cluster on Nomad, whose JobManager is the job `leat-ID`: at most 40 letters, digits and dashes.",
		defaultText("made of the program's name; for `-t nomad-session` that of the session that was started last"))

	NomadBinary = declare(sectionNomad, text, "nomad.binary", "",
		"Path of `leat` on nodes, or in the image.", defaultText("nodes fetch it when a process starts"))

	NomadArtifacts = declare(sectionNomad, text, "nomad.artifacts", "",
		"URL of a folder on an HTTP server that takes PUT, where nodes fetch the binary and programs of JobManagers by their SHA-256.",
		defaultText("the command that submits serves them while it runs"))

	NomadMasterCPU = declare(sectionNomad, number(0, 10000), "nomad.jobmanager.cpu", 0.5,
		"Cores of a JobManager.")

	NomadSessionFile = declare(sectionNomad, text, "nomad.properties-file.location", "",
		"Folder of the file `.nomad-properties`, which names the session that was started last.", defaultText("`~/.leat`"))
)
