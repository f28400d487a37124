package config

import (
	"math"
	"time"
)

const sectionYARN = "YARN"

// Options of applications on YARN.
var (
	YarnName = declare(sectionYARN, text, "yarn.application.name", "",
		"Name of the application.", defaultText("that of the program"))

	YarnQueue = declare(sectionYARN, text, "yarn.application.queue", "default",
		"Queue that the application is submitted to: its name, or its path where names are not unique.")

	YarnType = declare(sectionYARN, text, "yarn.application.type", "LEAT",
		"Type of the application, at most 20 characters. Flink's default is Apache Flink.")

	YarnApplicationID = declare(sectionYARN, text, "yarn.application.id", "",
		"Application that a command is about, such as the session that a job runs in.")

	YarnPriority = declare(sectionYARN, integer(-1, math.MaxInt32), "yarn.application.priority", -1,
		"Priority of the application in its queue; a higher one is served first.", defaultText("that of the queue"))

	YarnNodeLabel = declare(sectionYARN, text, "yarn.application.node-label", "",
		"Label of the nodes that containers may run on.", defaultText("that of the queue"))

	YarnTaskManagerNodeLabel = declare(sectionYARN, text, "yarn.taskmanager.node-label", "",
		"Label of the nodes that TaskManagers may run on.", defaultText("yarn.application.node-label"))

	YarnTags = declare(sectionYARN, list(","), "yarn.tags", nil,
		"Tags of the application, at most 10 of 100 characters.")

	YarnAttempts = declare(sectionYARN, integer(1, 100000), "yarn.application-attempts", 1000,
		"How often the ApplicationMaster is started. YARN's own limit is yarn.resourcemanager.am.max-attempts.",
		defaultText("as often as YARN allows"))

	YarnAttemptFailuresInterval = declare(sectionYARN, duration, "yarn.application-attempt-failures-validity-interval", 10*time.Second,
		"Attempts that have failed longer ago do not count.")

	YarnLifetime = declare(sectionYARN, duration, "yarn.application.lifetime", 0,
		"After what time YARN ends the application, whatever it does. Not in Flink.", defaultText("never"))

	JobManagerReplicas = declare(sectionYARN, integer(1, 5), "jobmanager.replicas", 1,
		"JobManagers of a cluster on YARN or Nomad: 1, 3 or 5. On YARN, those beside the ApplicationMaster are in containers of their own, "+
			"and jobs go on under them while YARN starts another ApplicationMaster.")

	YarnMasterVCores = declare(sectionYARN, integer(1, 10000), "yarn.appmaster.vcores", 1,
		"Cores of the ApplicationMaster, which is the JobManager.")

	YarnContainerVCores = declare(sectionYARN, integer(-1, 10000), "yarn.containers.vcores", -1,
		"Cores of a TaskManager.", defaultText("its number of slots"))

	YarnMasterPort = declare(sectionYARN, text, "yarn.application-master.port", "0",
		"Port, or range of ports, of the ApplicationMaster.")

	YarnHeartbeat = declare(sectionYARN, integer(1, 3600), "yarn.heartbeat.interval", 1,
		"Seconds between two heartbeats to the ResourceManager while no containers are wanted. Flink's default is 5.")

	YarnRequestHeartbeat = declare(sectionYARN, duration, "yarn.heartbeat.container-request-interval", 200*time.Millisecond,
		"The same while containers are wanted. Flink's default is 500 ms.")

	YarnStaging = declare(sectionYARN, text, "yarn.staging-directory", "",
		"Folder on HDFS, in which .leat/ holds programs and files of applications.", defaultText("the user's home folder"))

	YarnProvided = declare(sectionYARN, list(";,"), "yarn.provided.lib.dirs", nil,
		"Folders on HDFS, readable by everybody, of files that need no upload: each by the name of its SHA-256 in hexadecimal digits. "+
			"In Flink each by its own name.")

	YarnReplication = declare(sectionYARN, integer(-1, 32767), "yarn.file-replication", -1,
		"Replicas of files that are uploaded.", defaultText("that of HDFS"))

	YarnShipFiles = declare(sectionYARN, list(";"), "yarn.ship-files", nil,
		"Files that containers get into their working directory.")

	YarnShipArchives = declare(sectionYARN, list(";"), "yarn.ship-archives", nil,
		"Archives that containers get into their working directory, unpacked into a folder of the archive's name.")

	YarnViewACL = declare(sectionYARN, text, "yarn.view.acls", "",
		"Who besides the owner may see the application: user1,user2 group1,group2, or * for everybody.")

	YarnModifyACL = declare(sectionYARN, text, "yarn.modify.acls", "",
		"Who besides the owner may end the application, in the same form.")

	YarnRolledLogsInclude = declare(sectionYARN, text, "yarn.rolled-logs.include-pattern", "",
		"Log files, by a regular expression of Java, that YARN collects while the application runs.")

	YarnRolledLogsExclude = declare(sectionYARN, text, "yarn.rolled-logs.exclude-pattern", "",
		"Of those, the ones that it does not.")

	YarnShipKeytab = declare(sectionYARN, boolean, "yarn.security.kerberos.ship-local-keytab", true,
		"Ship security.kerberos.login.keytab to the ApplicationMaster, for jobs that outlive their tokens.")

	YarnKeytabPath = declare(sectionYARN, text, "yarn.security.kerberos.localized-keytab-path", "krb5.keytab",
		"Name of the keytab in the ApplicationMaster's container; its path on all nodes if it is not shipped.")

	YarnTokenServices = declare(sectionYARN, list(";,"), "yarn.security.appmaster.delegation.token.services", []string{"hadoopfs"},
		"Services whose delegation tokens the ApplicationMaster gets anew with the keytab: hadoopfs, or none if the list is empty.")

	YarnSessionFile = declare(sectionYARN, text, "yarn.properties-file.location", "",
		"Folder of the file that tells commands which session is the user's. Flink's default is the system's temporary folder.", defaultText("~/.leat"))
)
