"""Signing in and out with a password and a cookie. api-dialect.md 2."""

from django.contrib.auth import logout
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from spaces.api.authentication import hand_out_csrf_token
from spaces.api.documents import Document
from spaces.api.users import UserDocument
from spaces.api.views import ApiRequest, DialectViewSet
from spaces.callers import begin_session
from spaces.services.sign_in import check_password


class Credentials(Document):
    Username = serializers.CharField(source="username", trim_whitespace=False)
    Password = serializers.CharField(source="password", trim_whitespace=False)
    RememberMe = serializers.BooleanField(required=False)


class SessionViewSet(DialectViewSet):
    serializer_class = UserDocument
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=Credentials, responses=UserDocument)
    def sign_in(self, request: ApiRequest) -> Response:
        given = self.given(Credentials)
        user = check_password(
            actor=request.actor, username=given["username"], password=given["password"]
        )
        http: HttpRequest = request._request
        begin_session(http, user)
        request.user = user
        response = self.shown(user)
        hand_out_csrf_token(http, response)
        return response

    @extend_schema(request=None, responses=dict)
    def sign_out(self, request: ApiRequest) -> Response:
        logout(request._request)
        return Response({})
