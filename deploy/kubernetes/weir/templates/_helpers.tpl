{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "weir.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "weir.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "weir.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "weir.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: {{ include "weir.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "weir.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "weir.priorityClass" -}}
{{- if .Values.priorityClass.create }}
{{- default (include "weir.fullname" .) .Values.priorityClass.name }}
{{- else }}
{{- .Values.priorityClass.name }}
{{- end }}
{{- end }}

{{- define "weir.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "weir.rulesNamespace" -}}
{{- default .Release.Namespace .Values.kubernetes.rulesNamespace }}
{{- end }}

{{/* What a weir in a pod needs beside its defaults. */}}
{{- define "weir.config" -}}
{{- $own := dict "syslog" (dict "enabled" false) "json" (dict "path" "-") "reload" (dict "watch" true) }}
{{- if .Values.hostRoot.enabled }}
{{- $_ := set $own "host_root" "/host" }}
{{- end }}
{{- if not .Values.logins.enabled }}
{{- $_ := set $own "logins" (dict "sources" list) }}
{{- end }}
{{- with .Values.kubernetes }}
{{- if .enabled }}
{{- $asked := dict "enabled" true }}
{{- if .rulesLabel }}
{{- $_ := set $asked "rules_label" .rulesLabel }}
{{- $_ := set $asked "rules_namespace" (include "weir.rulesNamespace" $) }}
{{- end }}
{{- $_ := set $own "kubernetes" $asked }}
{{- end }}
{{- end }}
{{- mergeOverwrite $own (deepCopy .Values.config) | toYaml }}
{{- end }}
