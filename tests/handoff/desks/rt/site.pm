# RT's configuration in the tests: all that it writes stands below one folder, and mails go nowhere but into a file there.
my $folder = $ENV{'FRONTDESK_RT_FOLDER'} or die 'FRONTDESK_RT_FOLDER is not set';
$RT::VarPath = "$folder/var";
$RT::MasonDataDir = "$folder/var/mason";
$RT::MasonSessionDir = "$folder/var/session";
Set($rtname, 'desk.example');
Set($Organization, 'desk.example');
Set($CorrespondAddress, 'rt@desk.example');
Set($CommentAddress, 'rt-comment@desk.example');
Set($WebDomain, '127.0.0.1');
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, "$folder/rt.sqlite");
Set($DatabaseHost, '');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($LogToSyslog, undef);
Set($LogToFile, undef);
Set($LogToSTDERR, 'error');
Set($MailCommand, 'mbox');
# Far from UTC and not by whole hours, so that a time without its zone would be noticed.
Set($Timezone, 'Asia/Kolkata');
# Passwords and tokens are hashed at each request: 2 ** 4 rounds instead of 2 ** 12.
Set($BcryptCost, 4);
1;
