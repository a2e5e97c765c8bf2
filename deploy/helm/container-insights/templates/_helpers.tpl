{{- define "name" -}}
{{- if contains "container-insights" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-container-insights" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* ClusterRoles have no namespace: two releases of one name must not share theirs. */ -}}
{{- define "clusterRole" -}}
{{- if eq .Release.Namespace (include "name" .) -}}
{{- include "name" . -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace (include "name" .) -}}
{{- end -}}
{{- end -}}

{{- define "serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "name" .) -}}
{{- else -}}
{{- required "serviceAccount.name: whose, if the chart makes none" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "lockNamespace" -}}
{{- .Values.leaderLock.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "selector" -}}
app.kubernetes.io/name: container-insights
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "image" -}}
{{- $repository := required "image.repository: an image of deploy/Containerfile, where the nodes can pull it" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "config" -}}
{{- .Values.config | default (.Files.Get "files/config.yaml") -}}
{{- end -}}

{{- /* What the other values say, as configuration; .Values.overrides has the last word. */ -}}
{{- define "overlay" -}}
{{- $receiver := dict -}}
{{- with .Values.clusterName }}{{ $_ := set $receiver "cluster_name" . }}{{ end -}}
{{- if ne .Values.leaderLock.name "otel-container-insight-clusterleader" -}}
{{- $_ := set $receiver "leader_lock_name" .Values.leaderLock.name -}}
{{- end -}}
{{- $extensions := dict "health_check" (dict "endpoint" (printf ":%v" .Values.healthPort)) -}}
{{- $overlay := dict "extensions" $extensions -}}
{{- if $receiver }}{{ $_ := set $overlay "receivers" (dict "awscontainerinsightreceiver" $receiver) }}{{ end -}}
{{- if .Values.spool.enabled -}}
{{- $_ := set $extensions "file_storage" (dict "directory" "/spool") -}}
{{- $queue := dict "sending_queue" (dict "storage" "file_storage") -}}
{{- $_ := set $overlay "exporters" (dict .Values.spool.exporter $queue) -}}
{{- $_ := set $overlay "service" (dict "extensions" (list "health_check" "file_storage")) -}}
{{- end -}}
{{- mergeOverwrite $overlay (deepCopy .Values.overrides) | toYaml -}}
{{- end -}}
